#pragma once
#include "traces/records/field.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace ringsim {

struct StepRow {
  static constexpr FileHeading file = {
      "steps.csv", "step", "`run`", "times and bytes by kind, delay of the update, loss, accuracy"};

  std::uint64_t step;
  double start_s, compute_s, compress_s, exchange_s, exposed_exchange_s, total_s;
  std::uint64_t values_bytes, masks_bytes, headers_bytes, total_bytes;
  std::optional<double> delay_steps;
  std::optional<std::uint64_t> delay_max_steps;
  std::optional<std::vector<std::uint64_t>> left_out_ranks;
  std::optional<double> loss, accuracy;

  template <class With>
  static constexpr decltype(auto) fields(With&& with) {
    return with(
        Field{"step", &StepRow::step, "", "The step, from 0."},
        Field{"start_s", &StepRow::start_s, "s",
              "When the step before ended on the rank that holds up the run: the one that finishes "
              "last, and of those that finish together the one that was ready last. Where steps "
              "overlap, when it has applied the update before."},
        Field{"compute_s", &StepRow::compute_s, "s",
              "How long that rank computes in the step. Where steps overlap, how long it computes "
              "between start and end of the step, for whichever step."},
        Field{"compress_s", &StepRow::compress_s, "s",
              "How long that rank compresses (selects, encodes, packs, unpacks, decodes) while it "
              "does "
              "not compute."},
        Field{"exchange_s", &StepRow::exchange_s, "s",
              "From the start of the step's first transfer to the end of its last one, over all "
              "ranks. Where a host died, this is the exchange that ended."},
        Field{"exposed_exchange_s", &StepRow::exposed_exchange_s, "s",
              "How long that rank neither computes nor compresses: the part of the exchange that "
              "nothing hides."},
        Field{"total_s", &StepRow::total_s, "s",
              "How long the step lasts on that rank: `compute_s` + `compress_s` + "
              "`exposed_exchange_s`."},
        Field{"values_bytes", &StepRow::values_bytes, "bytes",
              "Bytes of gradient values that all ranks together send in the step, in all hops of "
              "the collectives."},
        Field{"masks_bytes", &StepRow::masks_bytes, "bytes",
              "Bytes that say which parameters the values belong to (encoded masks, indices), sent "
              "by all ranks together."},
        Field{"headers_bytes", &StepRow::headers_bytes, "bytes",
              "Bytes of the headers of mask encodings, of the scales of quantized values and of "
              "the messages that tell who is ready (`--quorum`), sent by all ranks together."},
        Field{"total_bytes", &StepRow::total_bytes, "bytes",
              "All bytes that all ranks together send in the step: values, masks and headers."},
        Field{"delay_steps", &StepRow::delay_steps, "steps",
              "The delay of the step's update: how many updates were applied between the reading "
              "of the weights that a gradient was computed with and the application of the update "
              "that it is in; the mean over the ranks whose gradients the update takes. It is 0 "
              "where every step waits for its exchange."},
        Field{"delay_max_steps", &StepRow::delay_max_steps, "steps",
              "The largest delay among the gradients that the step's update takes."},
        Field{"left_out_ranks", &StepRow::left_out_ranks, "",
              "The ranks whose gradients came too late for the step's exchange (of one bucket at "
              "least), separated by blanks. Empty where none did, and without `--quorum`."},
        Field{"loss", &StepRow::loss, "nats",
              "Training loss (cross-entropy): the mean over the ranks' batches, before the update. "
              "Empty where nothing is trained."},
        Field{"accuracy", &StepRow::accuracy, "1",
              "Share of the test set that is classified correctly after the step. Empty where it "
              "was not measured: it is measured after every epoch, or as `--evaluate-every` says, "
              "and after the last step."});
  }
};

}  // namespace ringsim
