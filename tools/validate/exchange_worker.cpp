// One rank of an exchange between processes: sends and receives what a schedule says, round by
// round. tools/validate makes the schedules of ringsim's own messages (transfers.csv).
//
//   ringsim_exchange_worker RANK SCHEDULE SOURCES [PEER=ADDRESS]...
//
// SCHEDULE has lines "compute SECONDS" (sleeps), "round", and in a round "send PEER BYTES" and
// "receive PEER BYTES add|store". It says "ready" once it is connected, and then takes commands on
// its standard input: "warm BYTES" sends so much over each connection, "run TIME" waits until this
// time of CLOCK_MONOTONIC in ns, does all of the schedule, and says when it ended.
#include "tools/validate/peers.hpp"

#include <time.h>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>

namespace {

using ringsim::Rank;
using namespace ringsim::validate;

constexpr std::int64_t second = 1'000'000'000;

struct Part {
  std::int64_t compute_ns = 0;  ///< before the round
  std::vector<Outgoing> sends;
  std::vector<Incoming> receives;
};

/// What a rank does, one part after the other; all that is sent comes from one buffer, and all that
/// is received goes to another one.
struct Schedule {
  std::vector<Part> parts;
  std::vector<std::byte> sent, received;
};

void read_line(std::istringstream& line, Schedule& schedule) {
  std::string what, how;
  Rank peer = 0;
  std::size_t bytes = 0;
  line >> what;
  if (what == "compute") {
    double seconds = 0;
    line >> seconds;
    schedule.parts.push_back({static_cast<std::int64_t>(seconds * second), {}, {}});
  } else if (what == "round") {
    schedule.parts.emplace_back();
  } else if (what == "send" && line >> peer >> bytes) {
    schedule.parts.back().sends.push_back({peer, std::span(schedule.sent).first(bytes)});
  } else if (what == "receive" && line >> peer >> bytes >> how) {
    schedule.parts.back().receives.push_back(
        {peer, std::span(schedule.received).first(bytes), how == "add"});
  } else {
    throw std::runtime_error("the schedule has a line \"" + line.str() + "\"");
  }
}

Schedule read_schedule(const std::string& path) {
  Schedule schedule;
  std::ifstream file(path);
  std::string text;
  std::size_t largest = 0;
  if (!(file >> text >> largest) || text != "largest")
    throw std::runtime_error(path + " does not begin with \"largest BYTES\"");
  schedule.sent.resize(largest);
  schedule.received.resize(largest);
  std::getline(file, text);
  while (std::getline(file, text)) {
    std::istringstream line(text);
    read_line(line, schedule);
  }
  return schedule;
}

std::int64_t now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * second + time.tv_nsec;
}

void sleep_until(std::int64_t time) {
  const timespec until{time / second, time % second};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) != 0) {
  }
}

void run(const Schedule& schedule, Peers& peers) {
  for (const auto& part : schedule.parts) {
    if (part.compute_ns > 0) sleep_until(now() + part.compute_ns);
    peers.exchange(part.sends, part.receives);
  }
}

void work(std::span<char*> words) {
  if (words.size() < 4)
    throw std::runtime_error("RANK SCHEDULE SOURCES PEER=ADDRESS... are needed");
  std::map<Rank, std::string> targets;
  for (const std::string word : words.subspan(4)) {
    const auto equals = word.find('=');
    targets.emplace(static_cast<Rank>(std::stoul(word)), word.substr(equals + 1));
  }
  const Schedule schedule = read_schedule(words[2]);
  Peers peers(static_cast<Rank>(std::stoul(words[1])), targets, std::stoul(words[3]));
  std::cout << "ready" << std::endl;
  std::string command;
  std::int64_t number = 0;
  while (std::cin >> command >> number) {
    if (command == "warm") {
      peers.warm_up(static_cast<std::size_t>(number));
    } else {
      sleep_until(number);
      run(schedule, peers);
    }
    std::cout << now() << std::endl;
  }
}

}  // namespace

int main(int count, char** words) {
  try {
    work({words, static_cast<std::size_t>(count)});
  } catch (const std::exception& error) {
    std::cerr << "ringsim_exchange_worker: " << error.what() << '\n';
    return 1;
  }
}
