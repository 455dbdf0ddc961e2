// SPDX-License-Identifier: Apache-2.0
#include "policy/path_template.h"

#include <algorithm>
#include <optional>

#include "http/path.h"

namespace gw::policy {
namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// An identifier, so that an expression can say path.NAME.
bool is_name(std::string_view text) {
  return !text.empty() && is_letter(text.front()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_letter(c) || is_digit(c); });
}

std::string quoted(std::string_view text) {
  return "\"" + std::string(text) + "\"";
}

std::vector<std::string_view> split_segments(std::string_view path) {
  std::vector<std::string_view> segments;
  std::size_t at = 1;
  for (std::size_t slash = path.find('/', at); slash != std::string_view::npos; slash = path.find('/', at)) {
    segments.push_back(path.substr(at, slash - at));
    at = slash + 1;
  }
  segments.push_back(path.substr(at));
  return segments;
}

Result<Segment, std::string> parse_segment(std::string_view text) {
  if (text.find('*') != std::string_view::npos)
    return "a * in " + quoted(text) +
           " (only /** as the last segment stands for the rest; {name} is one segment)";
  if (text.find_first_of("{}") == std::string_view::npos) return Segment{false, std::string(text)};

  if (text.front() != '{' || text.back() != '}')
    return "bad braces in " + quoted(text) + " ({name} takes a whole segment)";
  const std::string_view name = text.substr(1, text.size() - 2);
  if (!is_name(name)) return "bad name in " + quoted(text) + " (letters, digits and _, not a digit first)";
  return Segment{true, std::string(name)};
}

std::string marker(std::size_t name) {
  return "~~" + std::to_string(name) + "~~";
}

// The path with something harmless in the place of each {name}: what the normaliser can judge.
std::string probe_of(const PathTemplate& path) {
  std::string probe;
  std::size_t name = 0;
  for (const Segment& segment : path.segments)
    probe += "/" + (segment.is_name ? marker(name++) : segment.text);
  return path.has_rest ? probe + "/**" : probe;
}

std::string with_names(std::string probe, const PathTemplate& path) {
  for (std::size_t i = 0; i < path.names.size(); ++i) {
    const std::size_t at = probe.find(marker(i));
    if (at != std::string::npos) probe.replace(at, marker(i).size(), "{" + path.names[i] + "}");
  }
  return probe;
}

// A literal that no normalised path contains would be a route that never matches.
std::optional<std::string> find_unreachable(std::string_view text, const PathTemplate& path) {
  const std::string probe = probe_of(path);
  std::string scratch;
  const Result<http::Target> normal = http::normalise_target(probe, scratch);
  if (!normal) {
    return "no request can have the path " + quoted(text) +
           " (characters that a path cannot hold are percent-encoded; an encoded slash is always refused)";
  }
  if (normal->has_parameters)
    return "a ; in " + quoted(text) + " (;parameters are never matched: leave them out)";
  if (normal->path != probe)
    return quoted(text) + " is not normalised (write " + quoted(with_names(std::string(normal->path), path)) +
           ")";
  return std::nullopt;
}

}  // namespace

Result<PathTemplate, std::string> parse_path_template(std::string_view text) {
  if (text.empty() || text.front() != '/') return "the path " + quoted(text) + " does not begin with /";
  if (text.find('?') != std::string_view::npos)
    return "a ? in " + quoted(text) + " (a route matches the path, never the query)";

  PathTemplate path;
  std::vector<std::string_view> parts = split_segments(text);
  if (parts.back() == "**") {
    path.has_rest = true;
    parts.pop_back();
  }
  if (parts.size() > kMaxTemplateSegments)
    return "more than " + std::to_string(kMaxTemplateSegments) + " segments in " + quoted(text);

  for (const std::string_view part : parts) {
    Result<Segment, std::string> segment = parse_segment(part);
    if (!segment) return segment.error();
    if (segment->is_name) {
      if (std::find(path.names.begin(), path.names.end(), segment->text) != path.names.end())
        return "the name {" + segment->text + "} stands twice in " + quoted(text);
      path.names.push_back(segment->text);
    }
    path.segments.push_back(std::move(*segment));
  }
  if (path.names.size() > kMaxTemplateNames)
    return "more than " + std::to_string(kMaxTemplateNames) + " names in " + quoted(text);
  if (auto problem = find_unreachable(text, path)) return std::move(*problem);
  return path;
}

}  // namespace gw::policy
