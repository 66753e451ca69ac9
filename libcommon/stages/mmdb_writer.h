// For tests: a small MaxMind database. Networks are given as addresses with prefixes, their data in
// the format's own encoding by the functions below.
// Format: https://maxmind.github.io/MaxMind-DB/ (24-bit records, IPv6 tree).
#pragma once

#include <arpa/inet.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace glp::stages {

class MmdbWriter {
 public:
  // Sizes below 285.
  static std::string Text(std::string_view text) {
    return Head(2, text.size()) + std::string(text);
  }
  static std::string Double(double value) {
    uint64_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return Head(3, 8) + Bytes(bits, 8);
  }
  static std::string Uint16(uint64_t value) { return Head(5, 2) + Bytes(value, 2); }
  static std::string Uint32(uint64_t value) { return Head(6, 4) + Bytes(value, 4); }
  static std::string Map(const std::vector<std::pair<std::string_view, std::string>>& items) {
    std::string out = Head(7, items.size());
    for (const auto& [name, value] : items) out += Text(name) + value;
    return out;
  }
  static std::string Array(const std::vector<std::string>& items) {
    std::string out = Head(11, items.size());
    for (const std::string& item : items) out += item;
    return out;
  }

  explicit MmdbWriter(std::string type) : type_(std::move(type)) {}

  // "1.2.3.0", 24 or "2001:db8::", 32.
  void Add(const std::string& address, int prefix, const std::string& data) {
    uint8_t bytes[16] = {};
    if (inet_pton(AF_INET, address.c_str(), bytes + 12) == 1) {
      prefix += 96;
    } else {
      inet_pton(AF_INET6, address.c_str(), bytes);
    }
    size_t node = 0;
    for (int i = 0; i < prefix; ++i) {
      int64_t& next = nodes_[node][bytes[i / 8] >> (7 - i % 8) & 1];
      if (i + 1 == prefix) {
        next = -2 - static_cast<int64_t>(data_.size());
      } else if (next >= 0) {
        node = static_cast<size_t>(next);
      } else {
        next = static_cast<int64_t>(node = nodes_.size());
        nodes_.push_back({-1, -1});
      }
    }
    data_ += data;
  }

  std::string Finish() const {
    std::string out;
    const uint64_t count = nodes_.size();
    for (const auto& node : nodes_) {
      for (int64_t next : node) {
        const uint64_t record = next >= 0    ? static_cast<uint64_t>(next)
                                : next == -1 ? count
                                             : count + 16 + static_cast<uint64_t>(-2 - next);
        out += Bytes(record, 3);
      }
    }
    out += std::string(16, '\0') + data_ + "\xab\xcd\xefMaxMind.com";
    return out + Map({{"node_count", Uint32(count)},
                      {"record_size", Uint16(24)},
                      {"ip_version", Uint16(6)},
                      {"database_type", Text(type_)},
                      {"languages", Array({Text("en")})},
                      {"binary_format_major_version", Uint16(2)},
                      {"binary_format_minor_version", Uint16(0)},
                      {"build_epoch", Head(9, 8) + Bytes(1, 8)},
                      {"description", Map({{"en", Text("a test")}})}});
  }

 private:
  static std::string Head(int type, size_t size) {
    std::string out(1, static_cast<char>((type < 8 ? type << 5 : 0) | (size < 29 ? size : 29)));
    if (type >= 8) out += static_cast<char>(type - 7);
    if (size >= 29) out += static_cast<char>(size - 29);
    return out;
  }
  static std::string Bytes(uint64_t value, int size) {
    std::string out;
    while (size-- > 0) out += static_cast<char>(value >> (8 * size));
    return out;
  }

  std::string type_;
  std::vector<std::array<int64_t, 2>> nodes_{{-1, -1}};  // -1: none; below: -2 - offset of the data
  std::string data_;
};

}  // namespace glp::stages
