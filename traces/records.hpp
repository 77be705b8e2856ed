#pragma once
// What a run reports: one struct per table, whose file in traces/records/ lists its columns and
// says what each of them means. Sinks write them and know nothing of who made them. An absent
// figure is an empty optional, never 0.
#include "traces/records/faults.hpp"
#include "traces/records/layers.hpp"
#include "traces/records/links.hpp"
#include "traces/records/staleness.hpp"
#include "traces/records/steps.hpp"
#include "traces/records/summary.hpp"
#include "traces/records/transfers.hpp"
