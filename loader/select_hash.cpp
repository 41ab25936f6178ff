#include "loader/select_hash.h"

#include <bit>

namespace joist {

namespace {

constexpr size_t kMostWords = 32;
constexpr int kFactorsTried = 200;

bool places_all(std::span<const Word> words, SelectHash& hash) {
  for (size_t& place : hash.places) place = SelectHash::kNobody;
  for (size_t i = 0; i < words.size(); ++i) {
    size_t& place =
        hash.places[(words[i] * hash.factor >> 32 & hash.mask) / SelectHash::kPlaceBytes];
    if (place != SelectHash::kNobody) return false;
    place = i;
  }
  return true;
}

}  // namespace

SelectHash find_select_hash(std::span<const Word> words) {
  SelectHash hash;
  if (words.size() <= kMostWords) {
    const auto least_bits = static_cast<unsigned>(std::bit_width(words.size() - 1));
    for (unsigned bits = least_bits; bits <= least_bits + 2; ++bits) {
      const size_t places = size_t{1} << bits;
      hash.mask = static_cast<uint16_t>((places - 1) * SelectHash::kPlaceBytes);
      hash.places.resize(places);
      Word factor = 0x9e3779b97f4a7c15;
      for (int i = 0; i < kFactorsTried; ++i) {
        hash.factor = factor | 1;
        if (places_all(words, hash)) return hash;
        factor = factor * 0xd1342543de82ef95 + 0x632be59bd9b4e019;
      }
    }
  }
  hash.mask = 0;
  hash.places.resize(words.size());
  for (size_t i = 0; i < words.size(); ++i) hash.places[i] = i;
  return hash;
}

}  // namespace joist
