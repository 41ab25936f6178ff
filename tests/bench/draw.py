#!/usr/bin/env python3
"""Draws a comparison of virtual machines as SVG: time and memory of each benchmark, as ratios.

    draw.py RESULTS.json > comparison.svg
    draw.py RESULTS.json --vm B --out comparison.svg

RESULTS.json is what the benchmark set's `compare --json` has written. The first command in it is
the baseline, at 1; --vm names the other one (default: the second). A bar to the left is faster or
smaller. The scale is logarithmic, so that half and double are equally far from 1.
"""
import argparse
import json
import math
import sys
from xml.sax.saxutils import escape

LABEL_WIDTH = 110
PANEL_WIDTH = 330
GAP = 50
ROW = 17
TOP = 64
# Ratios beyond these are drawn at the edge, with their number.
LOWEST, HIGHEST = 0.125, 8.0
TICKS = (0.125, 0.25, 0.5, 1, 2, 4, 8)
BETTER, WORSE, MEAN = '#2a7f62', '#b5532a', '#30475e'


def geometric_mean(values):
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def ratio(result, base, other, key):
    x, y = (result['vms'].get(name, {}) for name in (base, other))
    if x.get('status') != 'ok' or y.get('status') != 'ok' or not x.get(key) or not y.get(key):
        return None
    return y[key] / x[key]


def rows_of(results, base, other):
    """[(label, time ratio, memory ratio, is_mean)], each group headed by its geometric means."""
    rows = []
    groups = []
    for result in results.values():
        if result['group'] not in groups:
            groups.append(result['group'])
    for group in groups:
        members = [(name, ratio(result, base, other, 'ms'), ratio(result, base, other, 'rss_kb'))
                   for name, result in results.items() if result['group'] == group]
        means = [geometric_mean([row[i] for row in members if row[i]]) for i in (1, 2)]
        rows.append((f'{group} (mean)', *means, True))
        rows += [(*member, False) for member in members]
    return rows


class Panel:
    """One column of bars."""

    def __init__(self, left, title):
        self.left = left
        self.title = title

    def x(self, value):
        value = min(max(value, LOWEST), HIGHEST)
        share = math.log(value / LOWEST) / math.log(HIGHEST / LOWEST)
        return self.left + share * PANEL_WIDTH

    def frame(self, bottom):
        yield (f'<text x="{self.left + PANEL_WIDTH / 2:.0f}" y="{TOP - 26}" '
               f'text-anchor="middle" font-weight="bold">{escape(self.title)}</text>')
        for tick in TICKS:
            x = self.x(tick)
            color = '#888' if tick == 1 else '#ddd'
            yield (f'<line x1="{x:.1f}" y1="{TOP - 4}" x2="{x:.1f}" y2="{bottom}" '
                   f'stroke="{color}"/>')
            yield (f'<text x="{x:.1f}" y="{TOP - 9}" text-anchor="middle" fill="#666">'
                   f'{tick:g}</text>')

    def bar(self, y, value, is_mean):
        if value is None:
            yield f'<text x="{self.x(1) + 4:.1f}" y="{y + 12}" fill="#999">no result</text>'
            return
        one, end = self.x(1), self.x(value)
        color = MEAN if is_mean else BETTER if value <= 1 else WORSE
        yield (f'<rect x="{min(one, end):.1f}" y="{y + 3}" width="{max(abs(end - one), 0.5):.1f}" '
               f'height="{ROW - 6}" fill="{color}"/>')
        anchor, shift = ('end', -4) if value <= 1 else ('start', 4)
        yield (f'<text x="{end + shift:.1f}" y="{y + 12}" text-anchor="{anchor}">'
               f'{value:.2f}</text>')


def draw(document, other):
    base = document['vms'][0]['name']
    rows = rows_of(document['benchmarks'], base, other)
    panels = [Panel(LABEL_WIDTH, f'time, {other} / {base}'),
              Panel(LABEL_WIDTH + PANEL_WIDTH + GAP, f'memory, {other} / {base}')]
    width = LABEL_WIDTH + 2 * PANEL_WIDTH + GAP + 40
    bottom = TOP + ROW * len(rows) + 4
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{bottom + 30}" '
           'font-family="sans-serif" font-size="11">')
    yield '<rect width="100%" height="100%" fill="white"/>'
    for panel in panels:
        yield from panel.frame(bottom)
    for index, (label, *values, is_mean) in enumerate(rows):
        y = TOP + ROW * index
        weight = ' font-weight="bold"' if is_mean else ''
        yield (f'<text x="{LABEL_WIDTH - 8}" y="{y + 12}" text-anchor="end"{weight}>'
               f'{escape(label)}</text>')
        for panel, value in zip(panels, values):
            yield from panel.bar(y, value, is_mean)
    yield (f'<text x="8" y="{bottom + 18}" fill="#666">{escape(document.get("date", ""))}, '
           f'{escape(document.get("cpu") or "")}; left of 1 is better</text>')
    yield '</svg>'


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('results', help='what compare --json has written')
    parser.add_argument('--vm', help='the command to compare with the first (default: the second)')
    parser.add_argument('--out', help='file to write (default: standard output)')
    arguments = parser.parse_args()
    with open(arguments.results, encoding='utf-8') as file:
        document = json.load(file)
    names = [vm['name'] for vm in document['vms']]
    other = arguments.vm or (names[1] if len(names) > 1 else None)
    if other not in names[1:]:
        sys.exit(f'{arguments.results} compares {", ".join(names)}')
    text = '\n'.join(draw(document, other)) + '\n'
    if arguments.out:
        with open(arguments.out, 'w', encoding='utf-8') as file:
            file.write(text)
    else:
        sys.stdout.write(text)


if __name__ == '__main__':
    main()
