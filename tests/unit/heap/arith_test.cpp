#include "vm/heap/arith.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "vm/heap/builder.h"
#include "vm/term/atom.h"
#include "vm/term/compare.h"
#include "vm/term/rules.h"

using namespace joist;

namespace {

// Decimal text, or f and the bits of a double in hexadecimal.
Term number(Allocator& heap, std::string_view text) {
  if (text.front() == 'f') {
    Word bits = std::stoull(std::string(text.substr(1)), nullptr, 16);
    return make_float(heap, std::bit_cast<double>(bits));
  }
  bool negative = text.front() == '-';
  if (negative) text.remove_prefix(1);
  Term value = Term::small(0);
  for (char c : text) {
    value = arith_multiply(heap, value, Term::small(10)).value;
    value = arith_add(heap, value, Term::small(c - '0')).value;
  }
  return negative ? arith_negate(heap, value).value : value;
}

using Operator1 = ArithResult (*)(Allocator&, Term);
using Operator2 = ArithResult (*)(Allocator&, Term, Term);

const std::map<std::string_view, Operator1> kUnary = {
    {"-", arith_negate},    {"abs", arith_absolute}, {"bnot", arith_bnot}, {"round", arith_round},
    {"trunc", arith_trunc}, {"floor", arith_floor},  {"ceil", arith_ceil},
};
const std::map<std::string_view, Operator2> kBinary = {
    {"+", arith_add},
    {"-", arith_subtract},
    {"*", arith_multiply},
    {"/", arith_divide},
    {"div", arith_integer_divide},
    {"rem", arith_remainder},
    {"band", arith_band},
    {"bor", arith_bor},
    {"bxor", arith_bxor},
    {"bsl", arith_shift_left},
    {"bsr", arith_shift_right},
};

// Evaluated by OTP 25.
struct Row {
  std::string_view operation;
  std::string_view a;
  std::string_view b;
  std::string_view expected;
};
constexpr Row kRows[] = {
    {"*", "f406A2428F5C28F5C", "4440752097813216878", "f44492C1CCD63B2B2"},
    {"*", "f3FE143BBCAF544C2", "191686005", "f4198A823CDA359D0"},
    {"*", "fF9CD01D7245A040A", "-100433579875701240162345807072978064210475699025826983968768",
     "badarith"},
    {"*", "1", "-788536", "-788536"},
    {"*", "6277101735386680763835789423207666416102355444464034512897", "f432550F7DCA70000",
     "f4F2550F7DCA70000"},
    {"*", "1152921504606846975", "802958758509", "925748419997442171186942160275"},
    {"*", "-3804926689269461348512035", "-1890934997527589771",
     "7194869039766409227903684127343710736393985"},
    {"*", "2305843009213693951", "fFC82BE655E6886A1", "badarith"},
    {"+", "fDE72EC6E6C88D70D", "f794422359F991973", "f794422359F991973"},
    {"+", "f3FE42815DD617AFD", "fC069000000000000", "fC068EBD7EA229E85"},
    {"+", "-1", "1152921504606846976", "1152921504606846975"},
    {"+", "17990", "3", "17993"},
    {"+", "-2361183241434822606848", "-1426596269", "-2361183241436249203117"},
    {"+", "-18446744073709551616", "-4", "-18446744073709551620"},
    {"-", "-2", "", "2"},
    {"-", "-1152921504606846975", "", "1152921504606846975"},
    {"-", "-2299312785467296173752883241721441214", "", "2299312785467296173752883241721441214"},
    {"-", "-59819608027512007509200011937293945681179591024206", "",
     "59819608027512007509200011937293945681179591024206"},
    {"-", "fC0121E1E1E1E1E1E", "-7769791933519978103284785259361494762593", "f4836D5577EA0E345"},
    {"-", "fC06E000000000000", "18446744073709551615", "fC3F0000000000000"},
    {"-", "119386", "-3232741695888329223", "3232741695888448609"},
    {"-", "936491779625916835", "-55719", "936491779625972554"},
    {"-", "18446744073709551617", "-41538374867976389573340313340084224",
     "41538374867976408020084387049635841"},
    {"-", "340282366920938463463374607431768211457", "-3565824529802091392",
     "340282366920938463466940431961570302849"},
    {"/", "f4351CFC796E63AC6", "-3096", "fC2979093A1EF1AD2"},
    {"/", "fC0888D0A3D70A3D7", "fBE049DA7E361CE4C", "f42730DD5415D5555"},
    {"/", "f4359E47E375CE83", "0", "badarith"},
    {"/", "fC17DA2F890000000", "f0", "badarith"},
    {"/", "1", "fD5A3833C4870CBD", "f7283870513B14741"},
    {"/", "-1152921504606846976", "-3203102517199650787", "f3FD7093D924146C9"},
    {"/", "-139877851", "0", "badarith"},
    {"/", "4", "0", "badarith"},
    {"abs", "-14594703614217", "", "14594703614217"},
    {"abs", "3", "", "3"},
    {"abs", "-1531279706920519416535146551729951645856", "",
     "1531279706920519416535146551729951645856"},
    {"abs", "33960798505000897142489948516942712", "", "33960798505000897142489948516942712"},
    {"band", "f3FC53D6195F4AF68", "-343848645249155048129588389781886618220202828", "badarith"},
    {"band", "fC062000000000000", "-36893488147419103231", "badarith"},
    {"band", "-2", "18446744073709551615", "18446744073709551614"},
    {"band", "31190396697", "-144848967", "31190255385"},
    {"band", "-1447243360658532384", "-46897456867030539050395361848796",
     "-46897456867030544825078322540000"},
    {"band", "-9223372036854775809", "-4611686018427387904", "-13835058055282163712"},
    {"band", "-4611686018427387904", "fC1A78906B8000000", "badarith"},
    {"band", "189474", "f4066200000000000", "badarith"},
    {"bnot", "4", "", "-5"},
    {"bnot", "114065", "", "-114066"},
    {"bnot", "1210415955445265241828253786375", "", "-1210415955445265241828253786376"},
    {"bnot", "-96720675670222811967526414126979060711687164296595", "",
     "96720675670222811967526414126979060711687164296594"},
    {"bor", "fC08A61D70A3D70A4", "-2066627271089046413", "badarith"},
    {"bor", "f42657C3C1170B72E", "-465641173304172438", "badarith"},
    {"bor", "-4016", "2", "-4014"},
    {"bor", "596478782170651093862172573", "-18446744073709551617", "-1"},
    {"bor", "4263803084989060763", "1144525577228690728313735967", "1144525579680920792324693919"},
    {"bor", "-36893488147419103231", "25119892291534754", "-36868368255127568477"},
    {"bor", "8116", "f3B0F80032D4119FF", "badarith"},
    {"bor", "-110427941548649020598956093796432407239217743554726184882600387043917824",
     "f401A666666666667", "badarith"},
    {"bsl", "-2", "-182", "-1"},
    {"bsl", "-24406539100", "18", "-6398027785830400"},
    {"bsl", "-2907827348793461995", "9", "-1488807602582252541440"},
    {"bsl", "-2728202263525585544623619761097326827078721262829601711747", "-60",
     "-2366338256875448416690857976038316427720"},
    {"bsr", "-340282366920938463463374607431768211455", "125", "-8"},
    {"bsr", "0", "-153", "0"},
    {"bsr", "576460752303423488", "-59", "332306998946228968225951765070086144"},
    {"bsr", "-1152921504606846977", "-72", "-5444517870735015420136360201777936596992"},
    {"bxor", "fC06AA00000000000", "-9223372036854775808", "badarith"},
    {"bxor", "f847EA94F0962F472", "1933", "badarith"},
    {"bxor", "0", "2", "2"},
    {"bxor", "2", "-4611686018427387903", "-4611686018427387901"},
    {"bxor", "-9223372036854775809", "8753066882542851914", "-17976438919397627723"},
    {"bxor", "15468", "25777097838402994029502379540046364533618357290674",
     "25777097838402994029502379540046364533618357304030"},
    {"bxor", "195898515017", "f40897C6666666666", "badarith"},
    {"bxor", "18446744073709551617", "fD7A0FB4C76013D67", "badarith"},
    {"ceil", "fBD33B40815CD0628", "", "0"},
    {"ceil", "fC351C948A332DECA", "", "-20025553667717928"},
    {"ceil", "fCDE619180F1BC21D", "",
     "-18617547852333874591677664519203648842228960993914265712098612871168"},
    {"ceil", "f506F071A67A3F388", "",
     "28742140876964488168367325438474243141682433260776935648917949249834335550308352"},
    {"div", "fC098B68C00000000", "f3FC0B60DFB68D25C", "badarith"},
    {"div", "fC1E37C131D51269C", "4611686018427387905", "badarith"},
    {"div", "1", "2", "0"},
    {"div", "18446744073709551616", "3", "6148914691236517205"},
    {"div", "340282366920938463463374607431768211457", "-46310",
     "-7347924139946846544231798908049410"},
    {"div", "-340282366920938463463374607431768211456", "6277515583641738",
     "-54206534796610168802836"},
    {"div", "2", "fD044ED06BEA0F2E6", "badarith"},
    {"div", "8768113636701177049826362877622927373772", "fC3DFEB3DD0676600", "badarith"},
    {"floor", "f4043000000000000", "", "38"},
    {"floor", "f3D9EC94CA210599E", "", "0"},
    {"floor", "fC68BE7B950944218", "", "-70748014622550266924320216317952"},
    {"floor", "fCF48659A6D76002B", "",
     "-86211138590152516560283958048305756636290152475314268764959796751539109888"},
    {"rem", "fC0A945D23CDF425C",
     "1684996666696914987166688442938726917102321526334998803774137434112", "badarith"},
    {"rem", "fB665D0BE3DC62D60", "69625974398389305735518099955254059994972403999451173",
     "badarith"},
    {"rem", "340282366920938463463374607431768211457", "625563889715914129", "180550494261086919"},
    {"rem", "-288230376151711744", "9223372036854775809", "-288230376151711744"},
    {"rem", "350798012566070497866", "-218016157191974777370009437837344976935195683410632",
     "350798012566070497866"},
    {"rem", "-1608371771091829448871", "-340282366920938463463374607431768211455",
     "-1608371771091829448871"},
    {"rem", "9223372036854775807", "f2F3FAFD749AEBD5E", "badarith"},
    {"rem", "2", "fC08E80E147AE147B", "badarith"},
    {"round", "fC07D200000000000", "", "-466"},
    {"round", "fC1CAD27480000000", "", "-900000000"},
    {"round", "f50B740D83707F0D3", "",
     "689292311947193376033313433500830684186097659781118563879534488184023891056787456"},
    {"round", "fC40236EFCBCBB340", "", "-42000000000000000000"},
    {"trunc", "fBD6D33F9B299048D", "", "0"},
    {"trunc", "fBFB455067824F7AF", "", "0"},
    {"trunc", "f44217BCE528482C9", "", "161257903947006640128"},
    {"trunc", "fC437C3F400000000", "", "-438395024427033034752"},
    {"div", "-2305843009213693952", "-1", "2305843009213693952"},
    {"rem", "-2305843009213693952", "-1", "0"},
    {"abs", "-2305843009213693952", "", "2305843009213693952"},
    {"-", "-2305843009213693952", "", "2305843009213693952"},
    {"-", "2305843009213693952", "", "-2305843009213693952"},
    {"bsl", "12", "-1267650600228229401496703205376", "0"},
    {"bsr", "-12", "1267650600228229401496703205376", "-1"},
    {"bsl", "0", "1267650600228229401496703205376", "0"},
    {"bsr", "0", "-1267650600228229401496703205376", "0"},
    {"bsl", "12", "1267650600228229401496703205376", "system_limit"},
    {"bsr", "12", "-1267650600228229401496703205376", "system_limit"},
    {"bsl", "1", "288230376151711744", "system_limit"},
    {"bsl", "f3FF0000000000000", "1267650600228229401496703205376", "badarith"},
    {"-", "f0", "", "f8000000000000000"},
};

Term random_integer(Allocator& heap, std::mt19937_64& random) {
  uint8_t bytes[400];
  size_t count = random() % (random() % 2 != 0 ? sizeof(bytes) : 17);
  for (size_t i = 0; i < count; ++i) {
    bytes[i] = static_cast<uint8_t>(random() % 3 == 0 ? random() : random() % 2 * 255);
  }
  return make_integer_from_bytes(heap, bytes, count, true, true);
}

void check_normal(Term integer) {
  if (integer.is_small()) return;
  std::span<const Word> limbs = big_limbs(integer);
  REQUIRE(limbs.back() != 0);
  Word limit = static_cast<Word>(Term::kMaxSmall) + big_is_negative(integer);
  REQUIRE((limbs.size() > 1 || limbs[0] > limit));
}

}  // namespace

TEST_CASE("operators give what OTP gives") {
  for (const Row& row : kRows) {
    INFO(row.operation << " " << row.a << " " << row.b);
    Allocator heap;
    Term a = number(heap, row.a);
    ArithResult result = row.b.empty() ? kUnary.at(row.operation)(heap, a)
                                       : kBinary.at(row.operation)(heap, a, number(heap, row.b));
    if (row.expected == "badarith" || row.expected == "system_limit") {
      CHECK(result.value.is_none());
      CHECK((result.status == ArithStatus::kBadArith) == (row.expected == "badarith"));
    } else {
      REQUIRE(result.status == ArithStatus::kOk);
      CHECK(exact_equal(result.value, number(heap, row.expected)));
    }
  }
}

TEST_CASE("operands of a wrong kind are bad arithmetic") {
  Allocator heap;
  Term big = number(heap, "100000000000000000000");
  for (Term wrong : {atoms::ok, Term::nil(), make_tuple(heap, {}), make_binary(heap, "1")}) {
    for (const auto& [name, operation] : kBinary) {
      INFO(name);
      for (Term other : {Term::small(1), Term::small(0), big, make_float(heap, 1.5)}) {
        CHECK(operation(heap, wrong, other).status == ArithStatus::kBadArith);
        CHECK(operation(heap, other, wrong).status == ArithStatus::kBadArith);
      }
    }
    for (const auto& [name, operation] : kUnary) {
      INFO(name);
      CHECK(operation(heap, wrong).status == ArithStatus::kBadArith);
    }
  }
}

TEST_CASE("results are normal and nothing but the result stays on the heap") {
  std::mt19937_64 random(7);
  for (int i = 0; i < 3000; ++i) {
    Allocator heap;
    Term a = random_integer(heap, random);
    Term b = random_integer(heap, random);
    auto run = [&](Operator2 operation, Term x, Term y) {
      heap.alloc(1)[0] = make_header(Boxed::kFiller, 0);
      size_t before = heap.fragments->used;
      const Fragment* fragment = heap.fragments;
      ArithResult result = operation(heap, x, y);
      REQUIRE(result.status == ArithStatus::kOk);
      check_normal(result.value);
      size_t words = result.value.is_boxed() && result.value != x && result.value != y
                         ? 1 + big_limbs(result.value).size()
                         : 0;
      if (heap.fragments == fragment) REQUIRE(heap.fragments->used - before == words);
      return result.value;
    };
    Term sum = run(arith_add, a, b);
    REQUIRE(exact_equal(run(arith_subtract, sum, b), a));
    Term product = run(arith_multiply, a, b);
    if (b != Term::small(0)) {
      REQUIRE(exact_equal(run(arith_integer_divide, product, b), a));
      Term quotient = run(arith_integer_divide, a, b);
      Term remainder = run(arith_remainder, a, b);
      REQUIRE(exact_equal(run(arith_add, run(arith_multiply, quotient, b), remainder), a));
    }
    Term both = run(arith_band, a, b);
    Term either = run(arith_bor, a, b);
    REQUIRE(exact_equal(run(arith_add, both, either), sum));
    REQUIRE(exact_equal(run(arith_subtract, either, both), run(arith_bxor, a, b)));
    Term count = Term::small(static_cast<int64_t>(random() % 300));
    REQUIRE(exact_equal(run(arith_shift_right, run(arith_shift_left, a, count), count), a));
  }
}

TEST_CASE("the largest integer is that of the release") {
  for (int release : {25, 27}) {
    set_term_rules(release);
    auto bits = static_cast<int64_t>(term_rules().max_big_limbs * 64);
    Allocator heap;
    Term one = Term::small(1);
    CHECK(arith_shift_left(heap, one, Term::small(bits)).status == ArithStatus::kSystemLimit);
    ArithResult top = arith_shift_left(heap, one, Term::small(bits - 1));
    REQUIRE(top.status == ArithStatus::kOk);
    CHECK(arith_add(heap, top.value, top.value).status == ArithStatus::kSystemLimit);
    CHECK(arith_multiply(heap, top.value, Term::small(2)).status == ArithStatus::kSystemLimit);
    CHECK(arith_multiply(heap, top.value, top.value).status == ArithStatus::kSystemLimit);
    ArithResult below = arith_subtract(heap, top.value, one);
    ArithResult most = arith_add(heap, top.value, below.value);  // all bits set
    REQUIRE(most.status == ArithStatus::kOk);
    CHECK(arith_bnot(heap, most.value).status == ArithStatus::kSystemLimit);
    CHECK(arith_bnot(heap, below.value).status == ArithStatus::kOk);
  }
  set_term_rules(25);
}

TEST_CASE("conversion of large integers to floats follows the release") {
  Allocator heap;
  // 2^128 + 2^75 + 1, just above the middle between two doubles. Adding limb by limb rounds twice.
  Term integer = number(heap, "340282366920938501242306470388929921025");
  double value = 0;
  set_term_rules(29);
  REQUIRE(number_to_double(integer, &value));
  CHECK(value == 0x1.0000000000001p128);
  set_term_rules(25);
  REQUIRE(number_to_double(integer, &value));
  CHECK(value == 0x1p128);
}

TEST_CASE("integers from bytes and back") {
  Allocator heap;
  const uint8_t bytes[] = {0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1};
  auto from = [&](size_t count, bool is_signed, bool little_endian) {
    return make_integer_from_bytes(heap, bytes, count, is_signed, little_endian);
  };
  CHECK(from(0, true, false) == Term::small(0));
  CHECK(from(1, true, false) == Term::small(-1));
  CHECK(from(1, false, false) == Term::small(255));
  CHECK(from(2, true, false) == Term::small(-128));
  CHECK(from(2, true, true) == Term::small(-32513));
  CHECK(from(2, false, true) == Term::small(33023));
  CHECK(exact_equal(from(10, false, false), number(heap, "1206564636373194352099329")));
  CHECK(exact_equal(from(10, true, false), number(heap, "-2361183241434822606847")));
  CHECK(exact_equal(from(8, false, false), number(heap, "18410715276690587648")));
  CHECK(exact_equal(from(8, true, false), number(heap, "-36028797018963968")));
  CHECK(exact_equal(from(10, true, true), number(heap, "4722366482869645246719")));

  // More bytes than any integer has, all but one of them sign.
  std::vector<uint8_t> wide(term_rules().max_big_limbs * 8 + 100, 0xff);
  wide.back() = 0xfe;
  CHECK(make_integer_from_bytes(heap, wide.data(), wide.size(), true, false) == Term::small(-2));
  CHECK(make_integer_from_bytes(heap, wide.data(), wide.size(), false, false).is_none());

  std::mt19937_64 random(8);
  for (int i = 0; i < 2000; ++i) {
    Term integer = random_integer(heap, random);
    bool little_endian = random() % 2 != 0;
    std::vector<uint8_t> text(401);
    integer_to_bytes(integer, text.data(), text.size(), little_endian);
    Term back = make_integer_from_bytes(heap, text.data(), text.size(), true, little_endian);
    REQUIRE(exact_equal(back, integer));
  }
}

TEST_CASE("integers from a magnitude, as the external format has them") {
  Allocator heap;
  const uint8_t bytes[] = {1, 2, 3, 0, 0, 0, 0, 0, 4, 0};
  CHECK(make_integer_from_magnitude(heap, bytes, 3, true) == Term::small(-197121));
  CHECK(exact_equal(make_integer_from_magnitude(heap, bytes, 10, true),
                    number(heap, "-73786976294838403585")));
  CHECK(make_integer_from_magnitude(heap, bytes + 3, 5, true) == Term::small(0));
}
