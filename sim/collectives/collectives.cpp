#include "base/error.hpp"
#include "base/text.hpp"
#include "sim/collectives/collective.hpp"

#include <fmt/format.h>

namespace ringsim {

void Collective::for_each_pair(const std::function<void(Rank, Rank)>& visit) const {
  Round messages;
  for (Rank rank = 0; rank < ranks(); ++rank) {
    for (std::uint32_t index = 0; index < rounds(); ++index) {
      round(rank, index, messages);
      for (const auto& send : messages.sends) visit(rank, send.peer);
    }
  }
}

const CollectiveDefinition& find_collective(std::string_view name) {
  std::vector<std::string> names;
  for (const auto* collective : collectives()) {
    if (collective->name == name) return *collective;
    names.emplace_back(collective->name);
  }
  throw UserError({{}, "--collective"},
                  fmt::format("unknown collective \"{}\"{}", name, did_you_mean(name, names)),
                  "accepted: " + join(names, ", "));
}

}  // namespace ringsim
