#include "traces/csv.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ringsim {
namespace {

std::string cell(double value) { return fmt::format("{}", value); }
std::string cell(std::uint64_t value) { return fmt::format("{}", value); }
std::string cell(const std::string& text) { return text; }
std::string cell(const std::vector<std::uint64_t>& values) {
  return fmt::format("{}", fmt::join(values, " "));
}
template <class T>
std::string cell(const std::optional<T>& value) {
  return value ? cell(*value) : std::string();
}

std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string result = "\"";
  for (const char c : text) result += c == '"' ? std::string("\"\"") : std::string(1, c);
  return result + "\"";
}

template <class... Cells>
std::string line_of(const Cells&... cells) {
  return csv_line(std::vector<std::string>{cell(cells)...});
}

}  // namespace

std::string csv_line(const std::vector<std::string>& cells) {
  std::string line;
  for (const auto& text : cells) {
    if (&text != &cells.front()) line += ',';
    line += quoted(text);
  }
  return line + "\n";
}

template <>
std::string_view csv_header<StepRow>() {
  return "step,start_s,compute_s,prune_s,exchange_s,exposed_exchange_s,total_s,values_bytes,masks_"
         "bytes,headers_bytes,"
         "total_bytes,delay_steps,delay_max_steps,left_out_ranks,loss,accuracy\n";
}

std::string csv_line(const StepRow& row) {
  return line_of(row.step, row.start_s, row.compute_s, row.prune_s, row.exchange_s,
                 row.exposed_exchange_s, row.total_s, row.values_bytes, row.masks_bytes,
                 row.headers_bytes, row.total_bytes, row.delay_steps, row.delay_max_steps,
                 row.left_out_ranks, row.loss, row.accuracy);
}

template <>
std::string_view csv_header<LayerRow>() {
  return "step,layer,parameters,threshold,kept,density,importance_mean,importance_stddev,age_mean_"
         "steps,age_p95_steps,"
         "age_max_steps,error,cosine,mask_overlap\n";
}

std::string csv_line(const LayerRow& row) {
  return line_of(row.step, row.layer, row.parameters, row.threshold, row.kept, row.density,
                 row.importance_mean, row.importance_stddev, row.age_mean_steps, row.age_p95_steps,
                 row.age_max_steps, row.error, row.cosine, row.mask_overlap);
}

template <>
std::string_view csv_header<LinkRow>() {
  return "link,bytes,busy_s,utilization\n";
}

std::string csv_line(const LinkRow& row) {
  return line_of(row.link, row.bytes, row.busy_s, row.utilization);
}

template <>
std::string_view csv_header<StalenessRow>() {
  return "layer,age_steps,parameters\n";
}

std::string csv_line(const StalenessRow& row) {
  return line_of(row.layer, row.age_steps, row.parameters);
}

template <>
std::string_view csv_header<TransferRow>() {
  return "step,phase,bucket,round,source,target,bytes,start_s,end_s\n";
}

template <>
std::string_view csv_header<FaultRow>() {
  return "rank,died_s,detected_s,step,lost_mass\n";
}

std::string csv_line(const FaultRow& row) {
  return line_of(row.rank, row.died_s, row.detected_s, row.step, row.lost_mass);
}

std::string csv_line(const TransferRow& row) {
  return line_of(row.step, row.phase, row.bucket, row.round, row.source, row.target, row.bytes,
                 row.start_s, row.end_s);
}

}  // namespace ringsim
