defmodule Programs.ElixirEnum do
  # Enum, Stream, Map, Keyword, MapSet, Range, comprehensions.
  def main do
    l = [3, 1, 2, 5, 4, 1]
    m = %{a: 1, b: 2, c: 3}

    [
      Enum.map(l, &(&1 * 2)), Enum.sort(l), Enum.sort(l, :desc), Enum.sort_by(l, &rem(&1, 3)), Enum.uniq(l),
      Enum.group_by(1..10, &rem(&1, 3)), Enum.frequencies(l), Enum.chunk_every(1..7, 3), Enum.chunk_by(l, &(&1 > 2)),
      Enum.zip(l, [:a, :b, :c]), Enum.with_index(l), Enum.reduce(l, 0, &+/2), Enum.scan(l, &+/2), Enum.flat_map(l, &[&1, &1]),
      Enum.split_with(l, &(&1 > 2)), Enum.min_max(l), Enum.sum(1..100), Enum.join(l, ","), Enum.slice(l, 1..-2//1), Enum.take_while(l, &(&1 != 5)),
      Enum.dedup([1, 1, 2, 2, 1]), Enum.into(m, []), Enum.into([x: 1], %{}), Enum.find(l, &(&1 > 3)), Enum.at(l, -1), Enum.fetch(l, 99),
      Enum.intersperse(l, 0), Enum.max_by(["aa", "b"], &String.length/1), Enum.reject(l, &(&1 > 2)), Enum.product(l), Enum.all?(l), Enum.zip_with([[1, 2], [3, 4]], &Enum.sum/1),
      Enum.map_reduce(l, 0, fn x, acc -> {x + acc, acc + 1} end), Enum.reverse(l), Enum.unzip(a: 1, b: 2), Enum.count(m), Enum.member?(m, {:a, 1}), Enum.empty?([]),
      1..20 |> Stream.filter(&(rem(&1, 2) == 0)) |> Stream.map(&(&1 * &1)) |> Enum.take(4),
      Stream.iterate(1, &(&1 * 2)) |> Enum.take(10), Stream.unfold({0, 1}, fn {a, b} -> {a, {b, a + b}} end) |> Enum.take(15),
      Stream.cycle([1, 2, 3]) |> Stream.with_index() |> Enum.take(5), Stream.zip(1..3, ~w(a b c)a) |> Enum.to_list(),
      Stream.chunk_every(1..10, 4) |> Enum.map(&Enum.sum/1), Stream.transform(1..5, 0, fn x, a -> {[x + a], a + x} end) |> Enum.to_list(),
      Map.put(m, :d, 4), Map.update(m, :a, 0, &(&1 + 10)), Map.merge(m, %{a: 9}, fn _, x, y -> x + y end), Map.split(m, [:a]), Map.get_and_update(m, :a, &{&1, 7}),
      Map.new(l, &{&1, &1 * &1}), Map.filter(m, fn {_, v} -> v > 1 end), Map.pop(m, :b), Map.take(m, [:a, :z]), Map.drop(m, [:a]), Map.to_list(m), %{m | a: :new}, m.b,
      Keyword.get([a: 1, a: 2], :a), Keyword.get_values([a: 1, a: 2], :a), Keyword.merge([a: 1], b: 2), Keyword.pop([a: 1, b: 2], :a), Keyword.put_new([a: 1], :a, 5), Keyword.keyword?(a: 1),
      MapSet.new(l) |> MapSet.union(MapSet.new([9])) |> MapSet.to_list(), MapSet.intersection(MapSet.new(l), MapSet.new([1, 5])) |> Enum.sort(), MapSet.subset?(MapSet.new([1]), MapSet.new(l)),
      Enum.to_list(10..1//-3), Range.size(1..10), 5 in 1..3, Enum.to_list(Range.new(1, 3)), List.flatten([1, [2, [3]]]), List.zip([[1, 2], [3, 4]]), List.keyfind([a: 1], :a, 0), List.insert_at(l, 2, :x),
      List.delete_at(l, 0), List.foldr(l, [], &[&1 | &2]), List.wrap(nil), List.duplicate(:x, 3), List.update_at(l, 1, &(-&1)), List.last(l), List.pop_at(l, 1), List.to_tuple(l),
      for(x <- 1..4, y <- 1..4, x * y == 4, do: {x, y}), for(<<c <- "hello">>, into: "", do: <<c + 1>>), for({k, v} <- m, into: %{}, do: {v, k}), for(x <- l, uniq: true, do: x), for(x <- l, reduce: 0, do: (a -> a + x)),
      Tuple.to_list({1, 2}), Tuple.append({1}, 2), Tuple.insert_at({1, 3}, 1, 2), put_in(%{a: %{b: 1}}, [:a, :b], 2), update_in(%{a: [1, 2]}, [:a, Access.at(1)], &(&1 * 10)), get_in(%{a: [%{b: 5}]}, [:a, Access.all(), :b]),
      Access.fetch(%{a: 1}, :a), pop_in(%{a: %{b: 1, c: 2}}, [:a, :b]), Enum.reduce_while(1..100, 0, fn x, a -> if a > 50, do: {:halt, a}, else: {:cont, a + x} end),
      outcome(fn -> Enum.fetch!(l, 10) end), outcome(fn -> Map.fetch!(m, :zz) end), outcome(fn -> Keyword.fetch!([a: 1], :b) end), outcome(fn -> Enum.max([]) end), outcome(fn -> %{m | zz: 1} end),
      outcome(fn -> Enum.map(:not_enumerable, & &1) end), outcome(fn -> List.first(:a) end)
    ]
  end

  defp outcome(fun) do
    fun.()
  rescue
    e -> {e.__struct__, Exception.message(e)}
  end
end
