#pragma once
// The step as clusters run it: every rank has a compute stream, a communicator's stream and one for
// work between exchanges, and the exchange of a bucket begins while the backward pass computes the
// next one.
//
// Compute stream: up to the moment when the first bucket is ready; the bucket's local work that
// comes before its first exchange (select, encode), which delays the rest of the backward pass; the
// next bucket; ...; the rest of the backward pass; then, bucket by bucket, as they arrive, the
// local work that comes after the last exchange (unpack, decode). Nothing of the next step begins
// before.
//
// What DistributedDataParallel adds to computing is on the compute stream: it starts the step,
// copies a bucket's gradients into it before that is compressed, and copies all of them back at the
// end; computing beside exchanges is slower, by an estimate of how long these take. Where the host
// waits for a bucket's exchanges, the rest of the backward pass comes after them.
//
// Communicator's stream: bucket after bucket, exchange after exchange, each once its bucket is
// ready on that rank.
//
// Stream for work between exchanges: what a bucket needs between two of its exchanges (pack), in
// order, beside the backward pass and without slowing it.
#include "sim/backend/backend.hpp"
#include "sim/timing/compute_model.hpp"
#include "sim/timing/step_plan.hpp"
#include "topologies/topology.hpp"

namespace ringsim {

/// The program of overlapped steps; `compute.overlap` is there. Marks: gradient_ready at the end of
/// the backward pass, exchange_done at the end of the step. `topology` and `plans` have to outlive
/// the program.
Program overlapped_program(const Topology& topology, const StepPlans& plans, Rank ranks,
                           const ComputeModel& compute);

}  // namespace ringsim
