#pragma once
// What other programs are made of: options and columns as JSON.
#include <string>

namespace ringsim {

/// `ringsim explain --document schema`: `version`; `options` of a run, each with `name`, `group`,
/// `value` (what stands for it in the help), `meaning`, `accepted`, `type` ("whole number",
/// "number", "on or off", "quantity" or "text"), `words` (values that are words), `default` and
/// `needs` (null: none) and `affects` ("learning", "timing" or "both"); `files`, each with `name`,
/// `one_row_per`, `written_by`, `contents` and its `fields`: `name`, `unit` (null: none),
/// `meaning`, `type` and `may_be_absent`. Names of options stand in backquotes, without dashes.
/// tools/python/generate.py makes the types of the Python package of it.
std::string schema_document();

}  // namespace ringsim
