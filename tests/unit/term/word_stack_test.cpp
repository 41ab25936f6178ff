#include "vm/term/word_stack.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <cstdio>

using namespace joist;

TEST_CASE("A stack gives back what was pushed, however much that is") {
  constexpr Word kMany = 100'000;
  WordStack stack;
  for (Word i = 0; i < kMany; ++i) stack.push(WordStack::operation(1, i));
  REQUIRE(stack.size() == kMany);
  WordStack moved(std::move(stack));
  for (Word i = kMany; i-- > 0;) {
    const Word word = moved.pop();
    if (WordStack::operation_argument(word) != i) REQUIRE(WordStack::operation_argument(word) == i);
  }
  REQUIRE(moved.empty());
}

#if !__has_feature(address_sanitizer) && \
    !__has_feature(thread_sanitizer)  // have limits of their own
TEST_CASE("A stack for which there is no memory ends the OS process with status 1") {
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGABRT, SIG_DFL);  // not Catch's, which would report it
    fclose(stderr);
    constexpr rlim_t kBytes = rlim_t{64} << 20;
    const rlimit limit = {kBytes, kBytes};
    setrlimit(RLIMIT_DATA, &limit);
    WordStack stack;
    for (rlim_t i = 0; i < kBytes; ++i) stack.push(Word{7});
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  REQUIRE(WIFEXITED(status));
  REQUIRE(WEXITSTATUS(status) == 1);
}
#endif
