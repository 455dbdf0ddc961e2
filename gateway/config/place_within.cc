// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "config/node_reader.h"

namespace gw::config {
namespace {

// The line, from 1; empty when there is none.
std::string_view line_of(std::string_view source, int number) {
  for (; number > 1 && !source.empty(); --number) {
    const std::size_t end = source.find('\n');
    source = end == std::string_view::npos ? std::string_view() : source.substr(end + 1);
  }
  return source.substr(0, source.find('\n'));
}

struct Spot {
  int line;
  std::size_t column;  // from 0
};

// Behind `|`: every line of the text is a line of the file, moved to the right by the same blanks.
std::optional<Spot> find_in_block(std::string_view source, const Node& node, std::size_t offset) {
  const std::string_view before = std::string_view(node.text).substr(0, offset);
  const auto lines = static_cast<int>(std::count(before.begin(), before.end(), '\n'));
  const std::string_view first = line_of(source, node.line + 1);
  const std::size_t indentation = first.find_first_not_of(' ');
  if (indentation == std::string_view::npos) return std::nullopt;
  const std::size_t line_start = before.rfind('\n') == before.npos ? 0 : before.rfind('\n') + 1;
  return Spot{node.line + 1 + lines, indentation + offset - line_start};
}

}  // namespace

std::optional<Place> place_within(const Context& context, const Item& item, std::size_t offset) {
  const Node& node = *item.node;
  if (node.file != 0) return std::nullopt;  // the text of an included file is not at hand
  const std::string_view line = line_of(context.source, node.line);
  const auto column = static_cast<std::size_t>(std::max(node.column, 1) - 1);
  if (column >= line.size() || offset > node.text.size()) return std::nullopt;
  std::optional<Spot> spot;
  if (line[column] == '|')
    spot = find_in_block(context.source, node, offset);
  else if (line[column] == '\'' || line[column] == '"')
    spot = Spot{node.line, column + 1 + offset};
  else
    spot = Spot{node.line, column + offset};
  if (!spot) return std::nullopt;
  // Only where the file says the same: escapes, variables and folded lines move things.
  const std::string_view wanted = std::string_view(node.text).substr(offset);
  const std::string_view shown = line_of(context.source, spot->line);
  const std::string_view rest = wanted.substr(0, wanted.find('\n')).substr(0, 16);
  if (spot->column > shown.size() || !shown.substr(spot->column).starts_with(rest)) return std::nullopt;
  if (spot->line == node.line &&
      shown.substr(column).find(std::string_view(node.text).substr(0, offset)) == shown.npos)
    return std::nullopt;
  return Place{context.place_of(node).file, spot->line, static_cast<int>(spot->column) + 1};
}

}  // namespace gw::config
