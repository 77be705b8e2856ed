#include "topologies/nccl/model.hpp"

#include "base/json_writer.hpp"
#include "topologies/nccl/model_json.hpp"

#include <catch2/catch.hpp>

using namespace ringsim;
using namespace ringsim::nccl;

namespace {

const Believed a100 = {Fabric::nvlink, {240e9}, {200e9}};
constexpr Machine rails = {Fabric::nvlink, true};
const auto two_nodes = default_model(a100, rails, {16, 2}, Seconds{3e-6});

Model read_back(const Model& model) {
  return read_model(parse_json(to_text(model_json(model)), "model.json"));
}

}  // namespace

TEST_CASE("NCCL's own constants say what a call, a hop and a byte take", "[nccl]") {
  const auto takes = [](Protocol p, Part part, double value) {
    CHECK(two_nodes.get(p, part) == Approx(value).epsilon(1e-12));
  };
  takes(Protocol::simple, Part::call, 8.4e-6);
  takes(Protocol::ll, Part::tree_hop, 0.6e-6);
  // In a ring over nodes a hop inside takes 1 us at least: the network is started in each round.
  takes(Protocol::ll, Part::hop, 1e-6);
  CHECK(default_model(a100, rails, {8, 1}, {}).get(Protocol::ll, Part::hop) == Approx(0.6e-6));
  // The network's latency goes on top: 14 us and 3 us.
  takes(Protocol::simple, Part::between_hop, 17e-6);
  // All 8 cards together have 200 GB/s, of which Simple has all, and LL at most 22.5 GB/s.
  takes(Protocol::simple, Part::between_byte, 1 / 25e9);
  takes(Protocol::ll, Part::between_byte, 8 / 22.5e9);
  takes(Protocol::simple, Part::byte, 1 / 240e9);
  takes(Protocol::ll128, Part::byte, 1 / (0.92 * 240e9));
  takes(Protocol::ll, Part::byte, 1 / 87.7e9);
}

TEST_CASE("NVLink SHARP takes what was published of 8 H100", "[nccl]") {
  // docs/measured/public/h100-nodes.csv: 276 GB/s at the largest size; us by size.
  for (const auto& [bytes, us] : {std::pair{33554432., 182.87},
                                  {67108864., 313.66},
                                  {134217728., 564.78},
                                  {268435456., 1081.14},
                                  {1073741824., 4000.82},
                                  {17179869184., 62340.7}}) {
    CHECK(nvls_time(bytes, {276e9}).value * 1e6 == Approx(us).epsilon(0.07));
  }
}

TEST_CASE("messages from rank to rank have NCCL's channels", "[nccl]") {
  constexpr double MiB = 1024 * 1024;
  CHECK(direct_channels(MiB, 2) == 16);
  CHECK(direct_channels(128 * MiB, 4) == 8);
  CHECK(direct_channels(129 * MiB, 4) == 16);
  CHECK(direct_channels(64 * MiB, 8) == 4);
  CHECK(direct_channels(1024 * MiB, 8) == 32);
  CHECK(direct_channels(1, 64) == 1);
}

TEST_CASE("a chain's pieces are of a chunk, or less where that is passed on sooner", "[nccl]") {
  constexpr double KiB = 1024, MiB = 1024 * KiB;
  CHECK(chain_pieces(25 * MiB, Protocol::simple, Fabric::nvlink, 4) == 3);  // of 24 * 512 KiB
  CHECK(chain_pieces(3 * MiB, Protocol::ll128, Fabric::nvlink, 4) == 64);   // of 24 * 2 KiB
  CHECK(chain_pieces(48 * KiB, Protocol::ll, Fabric::nvlink, 4) == 8);      // of 24 * 256 bytes
  // A chain of 3 hops has 24 pieces or more of 128 KiB, else 12 of 64 KiB, else 3 of 32 KiB.
  CHECK(chain_pieces(64 * MiB, Protocol::simple, Fabric::sockets, 4) == 128);  // of 512 KiB
  CHECK(chain_pieces(4 * MiB, Protocol::simple, Fabric::sockets, 4) == 32);    // of 128 KiB
  CHECK(chain_pieces(1 * MiB, Protocol::simple, Fabric::sockets, 4) == 16);    // of 64 KiB
  CHECK(chain_pieces(64 * KiB, Protocol::simple, Fabric::sockets, 4) == 2);    // of 32 KiB
}

TEST_CASE("channels of LL come in one by one, each with 4096 bytes of every rank", "[nccl]") {
  constexpr double KiB = 1024;
  CHECK(ll_bytes(6 * KiB, 2) == 24 * 6 * KiB);    // three quarters of one channel
  CHECK(ll_bytes(8 * KiB, 2) == 24 * 8 * KiB);    // one channel of 24
  CHECK(ll_bytes(100 * KiB, 2) == 24 * 8 * KiB);  // 13 of them, in the same time
  CHECK(ll_bytes(192 * KiB, 2) == 24 * 8 * KiB);  // all
  CHECK(ll_bytes(1000 * KiB, 2) == 1000 * KiB);   // all, and more than once
  CHECK(ll_bytes(16 * KiB, 4) == 24 * 16 * KiB);  // of 4 ranks a channel has 16 KiB
  CHECK(ring_part(16 * KiB, 4, Protocol::ll, Fabric::nvlink) == 24 * 4 * KiB);
  // Sockets have no such channels, and other protocols other ones.
  CHECK(ring_part(16 * KiB, 4, Protocol::ll, Fabric::sockets) == 4 * KiB);
  CHECK(ring_part(16 * KiB, 4, Protocol::ll128, Fabric::nvlink) == 4 * KiB);
}

TEST_CASE("a model is read as it was written", "[nccl]") {
  const auto read = read_back(two_nodes);
  CHECK(read.believed.fabric == Fabric::nvlink);
  CHECK(read.believed.inside.value == Approx(240e9));
  CHECK(read.believed.between.value == Approx(200e9));
  CHECK(read.machine.has_rail_per_gpu);
  REQUIRE(read.parameters.size() == two_nodes.parameters.size());
  for (std::size_t i = 0; i < all_parameters; ++i)
    CHECK(read.parameters[i] == Approx(two_nodes.parameters[i]).epsilon(1e-5));
  CHECK_THROWS_WITH(
      read_model(parse_json(R"({"fabric": "wire", "believed_bandwidth": "1GBps"})", "model.json")),
      "model.json: /fabric: found the string \"wire\"; nvlink, pci or sockets is "
      "accepted");
}

TEST_CASE("what a model does not know comes from NCCL's constants", "[nccl]") {
  Model fitted{a100, rails};
  fitted.set(Protocol::simple, Part::byte, 5e-12);
  fitted.set(Protocol::simple, Part::hop, 2e-6);
  const auto model = completed(fitted, two_nodes);
  CHECK(model.get(Protocol::simple, Part::byte) == 5e-12);
  CHECK(model.get(Protocol::simple, Part::hop) == 2e-6);
  CHECK(model.get(Protocol::simple, Part::call) == 0);  // which may be nothing
  CHECK(model.get(Protocol::ll, Part::byte) == two_nodes.get(Protocol::ll, Part::byte));
  CHECK(model.get(Protocol::ll, Part::hop) == two_nodes.get(Protocol::ll, Part::hop));
}
