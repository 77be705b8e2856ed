#include "sim/sources/trace_source.hpp"

#include "models/profiles/cost_profile.hpp"
#include "tests/sim/sources/dumps.hpp"
#include "tests/temporary_folder.hpp"

#include <catch2/catch.hpp>
#include <fmt/format.h>

namespace ringsim {
namespace {

using namespace test;
namespace fs = std::filesystem;

/// Everything that a stage says, for comparing.
std::string text_of(const Stage& stage) {
  std::string text(stage.phase.text());
  if (const auto* reduce = std::get_if<AllReduce>(&stage.what))
    text += fmt::format(" {} of {}", reduce->elements, reduce->element_bytes.count);
  if (const auto* gather = std::get_if<AllGather>(&stage.what))
    for (const auto& part : gather->parts)
      text += fmt::format(" {}+{}", part.masks.count, part.headers.count);
  if (const auto* work = std::get_if<LocalWork>(&stage.what)) {
    for (const auto& bytes : work->moved) text += fmt::format(" {}", bytes.count);
    for (const auto& bytes : work->coded) text += fmt::format(" c{}", bytes.count);
    text += fmt::format(" stage {}", static_cast<int>(work->stage));
    for (const auto& term : cost_terms()) text += fmt::format(" {}", work->counts.*term.count);
  }
  return text;
}

TEST_CASE("a trace replays on its own ranks exactly what the scheme exchanged") {
  const TemporaryFolder folder;
  auto options = write_dump(folder.path(), 4, 6);
  options.scheme = GENERATE(as<std::string>(), "iwp", "magnitude", "cltk");
  options.scheme_options.momentum = GENERATE(0.0, 0.9);
  if (options.scheme != "cltk") {
    set(options.scheme_options, "mask-interval", GENERATE(1, 4));
    set(options.scheme_options, "tail", 0.002);
  }
  const auto result = prune_dump(options, {});
  CHECK(result.steps == 6);
  CHECK(result.ranks == 4);
  CHECK(result.layers[1].whole);

  const TraceSource trace(options.output, {}, {});
  SchemeOptions scheme_options = options.scheme_options;
  scheme_options.ranks = 4;
  const auto scheme = find_scheme(options.scheme).make(two_layers, scheme_options);
  const auto weights = random_values(parameters, 1);
  for (std::uint64_t step = 0; step < 6; ++step) {
    for (Rank rank = 0; rank < 4; ++rank)
      scheme->contribute(rank, step, gradient(rank, step), weights);
    const auto outcome = scheme->exchange(step);
    const auto replayed = trace.step(step, 4);
    REQUIRE(replayed.stages.size() == outcome.stages.size());
    for (std::size_t i = 0; i < outcome.stages.size(); ++i)
      CHECK(text_of(replayed.stages[i]) == text_of(outcome.stages[i]));
    CHECK(replayed.layers[0].threshold == outcome.layers[0].threshold);
    CHECK(replayed.layers[0].kept == outcome.layers[0].kept);
    CHECK(replayed.kept == outcome.layers[0].kept + 20);
  }
}

TEST_CASE("on other numbers of ranks a trace sends the same masks and values") {
  const TemporaryFolder folder;
  const auto options = write_dump(folder.path(), 4, 3);
  prune_dump(options, {});
  const TraceSource trace(options.output, {}, {});
  const auto sizes = [&](Rank ranks) {
    std::uint64_t masks = 0, values = 0;
    for (std::uint64_t step = 0; step < 3; ++step) {
      const auto replayed = trace.step(step, ranks);
      const auto& gather = std::get<AllGather>(replayed.stages[1].what);
      CHECK(gather.parts.size() == ranks);
      for (const auto& part : gather.parts) masks += part.total().count;
      values += std::get<AllReduce>(replayed.stages[3].what).elements;
    }
    return std::pair(masks, values);
  };
  CHECK(sizes(4).first > 0);
  CHECK(sizes(2) == sizes(4));
  CHECK(sizes(7) == sizes(4));
  const TraceSource dense(options.output, "dense", {});
  CHECK(std::get<AllReduce>(dense.step(0, 9).stages[0].what).elements == parameters);
  const TraceSource bitmaps(options.output, {}, "bitmap");
  // Two broadcasters; 3000 bits are 375 bytes, a length of two bytes and the encoding's number.
  const auto replayed = bitmaps.step(2, 4);
  std::uint64_t masks = 0, headers = 0;
  for (const auto& part : std::get<AllGather>(replayed.stages[1].what).parts) {
    masks += part.masks.count;
    headers += part.headers.count;
  }
  CHECK(masks == 2 * 375);
  CHECK(headers == 2 * 3);
}

TEST_CASE("a trace replays as topk what every rank selected itself") {
  const TemporaryFolder folder;
  auto options = write_dump(folder.path(), 3, 2);
  options.write_masks = true;
  prune_dump(options, {});
  const auto rows = read_trace(options.output);
  const TraceSource gathered(options.output, "topk", {});
  const auto stages = gathered.step(1, 4).stages;
  const auto& parts = std::get<AllGather>(stages[1].what).parts;
  REQUIRE(parts.size() == 4);
  // Rank 3 does what rank 0 did.
  for (Rank rank = 0; rank < 4; ++rank)
    CHECK(parts[rank].values == Bytes{4 * rows.row(1, rank % 3, 0).kept});
  CHECK(parts[3].masks == parts[0].masks);
  CHECK(std::get<AllReduce>(stages[2].what).elements == 20);  // the bias, whole

  // On a ring sizes depend on the masks.
  const TraceSource on_ring(options.output, "topk", {}, {.on_ring = true});
  const auto ring_stages = on_ring.step(1, 3).stages;
  const auto& sparse = std::get<SparseAllReduce>(ring_stages[1].what);
  REQUIRE(sparse.masks.size() == 3);
  for (Rank rank = 0; rank < 3; ++rank)
    CHECK(prune::count(sparse.masks[rank]) == rows.row(1, rank, 0).kept);
  CHECK_THROWS_WITH(
      on_ring.step(1, 4),
      "`sparse-sum`: a ring's sizes depend on the masks of all 4 ranks, and " +
          options.output.string() +
          " has those of 3; ringsim prune `masks` keeps them; or add `assume` independent");
  fs::remove_all(options.output / "masks");
  CHECK_THROWS_WITH(on_ring.step(1, 2),
                    "`sparse-sum`: a ring's sizes depend on the masks of all 2 ranks, and " +
                        options.output.string() +
                        " has none; ringsim prune `masks` keeps them; or add `assume` independent");
  const TraceSource assumed(options.output, "topk", {},
                            {.on_ring = true, .assumes_independent = true});
  const auto assumed_stages = assumed.step(1, 4).stages;
  const auto& kept = std::get<SparseAllReduce>(assumed_stages[1].what).union_kept;
  REQUIRE(kept.size() == 4);
  double missed = 1;
  for (Rank rank = 0; rank < 4; ++rank) {
    missed *= 1 - static_cast<double>(rows.row(1, rank % 3, 0).kept) / 3000;
    CHECK(static_cast<double>(kept[rank]) == Approx(3000 * (1 - missed)).margin(0.5));
  }
}

TEST_CASE("a trace is replayed in buckets") {
  const TemporaryFolder folder;
  const auto options = write_dump(folder.path(), 3, 1);
  prune_dump(options, {});
  const TraceSource trace(options.output, {}, {});
  const auto whole = trace.step(0, 3), parts = trace.step(0, 3, {{{1}}, {{0}}});
  // The bias has no masks to wait for: its part of the all-gather is empty.
  REQUIRE(parts.stages.size() == 2 * whole.stages.size());
  for (std::size_t i = 0; i < parts.stages.size(); ++i)
    CHECK(parts.stages[i].bucket == i / whole.stages.size());
  CHECK(std::get<AllReduce>(parts.stages[3].what).elements == 20);
  CHECK(text_of(parts.stages[6]) == text_of(whole.stages[1]));
  CHECK(parts.kept == whole.kept);
}

TEST_CASE("a trace of an older version is read without what it does not have") {
  const TemporaryFolder folder;
  const auto options = write_dump(folder.path(), 2, 1);
  prune_dump(options, {});
  const auto now = read_trace(options.output);
  CHECK(now.row(0, 0, 0).sampled > 0U);
  const fs::path header = options.output / "trace.json",
                 table = options.output / "trace_layers.csv";
  std::string text = read_file(header);
  const auto replace = [&](std::string_view from, std::string_view to) {
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
  };
  replace("gradient-trace-3", "gradient-trace-1");
  write(header, text);
  text = read_file(table);
  replace(",sampled", "");
  for (const auto& row : now.rows) {
    if (!row.sampled) replace("20,,,,,,", "20,,,,,");
    if (row.sampled)
      replace(fmt::format("{},{},", row.sent, *row.sampled), fmt::format("{},", row.sent));
  }
  write(table, text);
  const auto older = read_trace(options.output);
  CHECK(older.row(0, 0, 0).encoded_bytes == now.row(0, 0, 0).encoded_bytes);
  CHECK(!older.row(0, 0, 0).sampled);
  CHECK_NOTHROW(TraceSource(options.output, {}, {}).step(0, 2));

  text = read_file(header);
  replace("\"iwp\"", "\"qsgd\"");
  write(header, text);
  CHECK_THROWS_WITH(TraceSource(options.output, {}, {}),
                    header.string() +
                        ": /scheme: found \"qsgd\"; a scheme whose ranks share a mask is accepted: "
                        "iwp, magnitude, cltk");
}

}  // namespace
}  // namespace ringsim
