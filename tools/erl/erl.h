// `erl`: OTP, booted on Joist, with erl's own command line.
#pragma once

#include <string>
#include <vector>

namespace joist::erl {

// Runs the system and exits with its status; returns one if it cannot be started.
int run_erl(const std::vector<std::string>& words, const std::string& program_folder);

}  // namespace joist::erl
