#pragma once
// What stands in the files that ringsim writes: a record for every column of a table and for every
// key of a JSON object. Headers, cells, summary.json, its reader, the tables that people see,
// `ringsim explain` and docs/output.md come from these records alone.
//
// A row is a struct that lists its columns, in order, beside its members:
//
//   struct FaultRow {
//     static constexpr FileHeading file = {"faults.csv", "death of a host", ...};
//     std::uint64_t rank;
//     template <class With>
//     static constexpr decltype(auto) fields(With&& with) {
//       return with(Field{"rank", &FaultRow::rank, "", "The rank that died."}, ...);
//     }
//   };
//
// fields() hands all of them over at once, each with the type of its member, so that writing a row
// looks nothing up at run time. A JSON object within another one is a member of such a struct.
#include <string_view>

namespace ringsim {

template <class Value>
struct Field {
  std::string_view name;        ///< of the column or key; the unit stands in a column's name, too
  Value value;                  ///< pointer to the member, or a function of the row
  std::string_view unit;        ///< one of field_units
  std::string_view meaning;     ///< whole sentences, for readers of the documents
  std::string_view label = {};  ///< in tables for people; empty: not in them
};
template <class Value>
Field(std::string_view name, Value value, std::string_view unit, std::string_view meaning,
      std::string_view label = {}) -> Field<Value>;

/// The units that fields have: "1" is a number without a unit (a share: 0.25 is a quarter), "x" how
/// many times less, empty what is not measured (names, and numbers of steps or ranks from 0).
inline constexpr std::string_view field_units[] = {
    "", "s", "bytes", "bytes/s", "steps", "ranks", "parameters", "nats", "1", "x"};

/// What is said of a file as a whole.
struct FileHeading {
  std::string_view name;
  std::string_view one_row_per;
  std::string_view written_by;  ///< the command and what makes it write the file
  std::string_view contents;    ///< in a few words
};

/// Takes any fields.
struct AnyFields {
  template <class... Fields>
  constexpr void operator()(const Fields&... /*fields*/) const {}
};

/// A struct that lists its fields.
template <class T>
concept HasFields = requires {
  T::fields(AnyFields{});
};

/// A struct that is a row of a file, or all of it.
template <class T>
concept HasFile = HasFields<T> && requires {
  T::file.name;
};

}  // namespace ringsim
