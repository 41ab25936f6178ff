#include "vm/term/bignum.h"

#include <catch2/catch.hpp>
#include <random>
#include <vector>

using namespace joist;
using big::Number;
using big::Written;

namespace {

// A number with memory of its own.
struct Value {
  std::vector<Word> limbs;
  bool negative = false;
  Number number() const { return {limbs.data(), limbs.size(), negative}; }
  friend bool operator==(const Value&, const Value&) = default;
};

// Random limbs with long runs of equal bits, which is where carries go far.
Value random_value(std::mt19937_64& random, size_t most_limbs) {
  Value value;
  size_t count = random() % (most_limbs + 1);
  for (size_t i = 0; i < count; ++i) {
    switch (random() % 4) {
      case 0:
        value.limbs.push_back(0);
        break;
      case 1:
        value.limbs.push_back(~Word{0});
        break;
      case 2:
        value.limbs.push_back(Word{1} << random() % 64);
        break;
      default:
        value.limbs.push_back(random());
    }
  }
  value.limbs.resize(big::trimmed(value.limbs.data(), value.limbs.size()));
  value.negative = !value.limbs.empty() && random() % 2 != 0;
  return value;
}

// Runs an operation in exactly the room that it says it needs.
template <typename Operation>
Value result(size_t room, Operation operation) {
  std::vector<Word> limbs(room);
  Written written = operation(limbs.data());
  REQUIRE(written.count <= room);
  limbs.resize(written.count);
  REQUIRE((limbs.empty() || limbs.back() != 0));
  REQUIRE_FALSE((limbs.empty() && written.negative));
  return {limbs, written.negative};
}

size_t sum_room(const Value& a, const Value& b) {
  return std::max(a.limbs.size(), b.limbs.size()) + 1;
}
Value operator+(const Value& a, const Value& b) {
  return result(sum_room(a, b), [&](Word* to) { return big::add(to, a.number(), b.number()); });
}
Value operator-(const Value& a, const Value& b) {
  return result(sum_room(a, b),
                [&](Word* to) { return big::subtract(to, a.number(), b.number()); });
}
Value operator*(const Value& a, const Value& b) {
  return result(a.limbs.size() + b.limbs.size(),
                [&](Word* to) { return big::multiply(to, a.number(), b.number()); });
}
Value bits(Written (*operation)(Word*, Number, Number), const Value& a, const Value& b) {
  return result(sum_room(a, b), [&](Word* to) { return operation(to, a.number(), b.number()); });
}

}  // namespace

TEST_CASE("sums, differences and products agree with one another") {
  std::mt19937_64 random(1);
  for (int i = 0; i < 3000; ++i) {
    Value a = random_value(random, 40);
    Value b = random_value(random, 40);
    Value c = random_value(random, 40);
    REQUIRE((a + b) - b == a);
    REQUIRE(a - b == Value{} - (b - a));
    REQUIRE(a * b == b * a);
    REQUIRE(a * (b + c) == a * b + a * c);
    REQUIRE(a * a - b * b == (a + b) * (a - b));
  }
}

TEST_CASE("quotient times divisor plus remainder is the dividend") {
  std::mt19937_64 random(2);
  for (int i = 0; i < 3000; ++i) {
    Value a = random_value(random, 60);
    Value b = random_value(random, 30);
    if (b.limbs.empty() || a.limbs.size() < b.limbs.size()) continue;
    std::vector<Word> quotient(a.limbs.size() - b.limbs.size() + 1);
    std::vector<Word> remainder(b.limbs.size());
    auto divided = big::divide(quotient.data(), remainder.data(), a.number(), b.number());
    quotient.resize(divided.quotient.count);
    remainder.resize(divided.remainder.count);
    Value q{quotient, divided.quotient.negative};
    Value r{remainder, divided.remainder.negative};
    REQUIRE(q * b + r == a);
    REQUIRE(big::compare_magnitudes(r.number(), b.number()) < 0);
    REQUIRE((r.limbs.empty() || r.negative == a.negative));
  }
}

TEST_CASE("bitwise operations agree with arithmetic") {
  std::mt19937_64 random(3);
  Value minus_one{{1}, true};
  for (int i = 0; i < 3000; ++i) {
    Value a = random_value(random, 20);
    Value b = random_value(random, 20);
    Value both = bits(big::bit_and, a, b);
    Value either = bits(big::bit_or, a, b);
    Value one = bits(big::bit_xor, a, b);
    REQUIRE(both + either == a + b);
    REQUIRE(one + both == either);
    REQUIRE(bits(big::bit_xor, a, minus_one) == minus_one - a);
    REQUIRE(bits(big::bit_and, a, minus_one) == a);
  }
}

TEST_CASE("a shift right is division by a power of two that rounds down") {
  std::mt19937_64 random(4);
  for (int i = 0; i < 3000; ++i) {
    Value a = random_value(random, 20);
    size_t count = random() % 700;
    Value power = result(count / 64 + 2, [&](Word* to) {
      Word one = 1;
      return big::shift_left(to, {&one, 1, false}, count);
    });
    size_t room = a.limbs.size() + count / 64 + 1;
    Value left = result(room, [&](Word* to) { return big::shift_left(to, a.number(), count); });
    REQUIRE(left == a * power);
    if (count >= 64 * a.limbs.size()) continue;
    Value right = result(a.limbs.size() - count / 64 + 1,
                         [&](Word* to) { return big::shift_right(to, a.number(), count); });
    Value lost = a - right * power;
    REQUIRE_FALSE(lost.negative);
    REQUIRE(big::compare(lost.number(), power.number()) < 0);
  }
}

TEST_CASE("two's complement bytes come back") {
  std::mt19937_64 random(5);
  for (int i = 0; i < 2000; ++i) {
    Value a = random_value(random, 10);
    bool little_endian = random() % 2 != 0;
    std::vector<uint8_t> bytes(a.limbs.size() * 8 + 1 + random() % 9);
    big::to_bytes(a.number(), bytes.data(), bytes.size(), little_endian);
    REQUIRE(result((bytes.size() + 7) / 8, [&](Word* to) {
              return big::from_bytes(to, bytes.data(), bytes.size(), true, little_endian);
            }) == a);
  }
}

TEST_CASE("to_double rounds to nearest, ties to even") {
  auto converted = [](std::vector<Word> limbs) {
    double value = -1;
    bool ok = big::to_double({limbs.data(), limbs.size(), false}, &value);
    return ok ? value : -1;
  };
  CHECK(converted({}) == 0.0);
  CHECK(converted({~Word{0}}) == 0x1p64);
  CHECK(converted({0x400, 1 << 22}) == 0x1p86);                    // below half
  CHECK(converted({0, 1, Word{1} << 52}) == 0x1p180);              // below half, far away
  CHECK(converted({0, Word{1} << 63, Word{1} << 52}) == 0x1p180);  // tie to even
  CHECK(converted({1, Word{1} << 63, Word{1} << 52}) == 0x1.0000000000001p180);
  CHECK(converted({0, Word{1} << 63, Word{1} << 52 | 1}) == 0x1.0000000000002p180);
  std::vector<Word> largest(16, 0);
  largest[15] = 0xfffffffffffff800;
  CHECK(converted(largest) == 0x1.fffffffffffffp1023);
  largest[15] |= 0x3ff;
  CHECK(converted(largest) == 0x1.fffffffffffffp1023);
  largest[15] |= 0x400;
  CHECK(converted(largest) == -1);
}

TEST_CASE("from_double is exact") {
  std::mt19937_64 random(6);
  for (int i = 0; i < 3000; ++i) {
    double value =
        std::ldexp(static_cast<double>(random() >> 11), static_cast<int>(random() % 971));
    if (random() % 2 != 0) value = -value;
    Value integer =
        result(big::kMaxDoubleLimbs, [&](Word* to) { return big::from_double(to, value); });
    double back = 0;
    REQUIRE(big::to_double(integer.number(), &back));
    REQUIRE(back == value);
  }
}
