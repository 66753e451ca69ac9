#include "stages/geoip.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <utility>

namespace glp::stages {
namespace {

using Path = std::initializer_list<const char*>;

constexpr std::string_view kNoAddress = "geoip: not an IP address";
constexpr std::string_view kDamaged = "geoip: the database is damaged";
constexpr std::string_view kNoIpv6 = "geoip: the database has no IPv6 addresses";

std::optional<MMDB_entry_data_s> Get(MMDB_entry_s* entry, Path path) {
  const char* keys[8] = {};
  size_t size = 0;
  for (const char* key : path) keys[size++] = key;
  MMDB_entry_data_s data;
  if (MMDB_aget_value(entry, &data, keys) != MMDB_SUCCESS || !data.has_data) return std::nullopt;
  return data;
}

void AddText(const char* name, MMDB_entry_s* entry, Path path, Labels* labels) {
  const auto data = Get(entry, path);
  if (!data || data->type != MMDB_DATA_TYPE_UTF8_STRING || data->data_size == 0) return;
  const std::string_view text(data->utf8_string, data->data_size);
  if (IsValidUtf8(text)) labels->push_back({name, std::string(text)});
}

double DoubleOf(MMDB_entry_s* entry, Path path) {
  const auto data = Get(entry, path);
  return data && data->type == MMDB_DATA_TYPE_DOUBLE ? data->double_value : 0;
}

// Four or sixteen bytes; an IPv4 address in an IPv6 one counts as the former.
bool ParseAddress(const std::string& text, sockaddr_storage* out) {
  std::memset(out, 0, sizeof *out);
  auto* v4 = reinterpret_cast<sockaddr_in*>(out);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(out);
  if (text.find('\0') != std::string::npos) return false;
  if (inet_pton(AF_INET, text.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    return true;
  }
  if (inet_pton(AF_INET6, text.c_str(), &v6->sin6_addr) != 1) return false;
  v6->sin6_family = AF_INET6;
  if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
    in_addr mapped;
    std::memcpy(&mapped, v6->sin6_addr.s6_addr + 12, sizeof mapped);
    std::memset(out, 0, sizeof *out);
    v4->sin_addr = mapped;
    v4->sin_family = AF_INET;
  }
  return true;
}

struct NamedType {
  std::string_view name;
  GeoipStage::Type type;
};
constexpr NamedType kTypes[] = {{"city", GeoipStage::Type::kCity},
                                {"asn", GeoipStage::Type::kAsn},
                                {"country", GeoipStage::Type::kCountry}};

}  // namespace

GeoipStage::GeoipStage(Options options)
    : options_(std::move(options)),
      no_source_("geoip: no field or label '" + options_.source + "'") {}

GeoipStage::~GeoipStage() {
  if (is_open_) MMDB_close(&db_);
}

Result<std::unique_ptr<GeoipStage>> GeoipStage::Make(Options options) {
  std::unique_ptr<GeoipStage> stage(new GeoipStage(std::move(options)));
  const std::string& path = stage->options_.db;
  const int status = MMDB_open(path.c_str(), MMDB_MODE_MMAP, &stage->db_);
  if (status != MMDB_SUCCESS) {
    const std::string why = status == MMDB_FILE_OPEN_ERROR || status == MMDB_IO_ERROR
                                ? std::strerror(errno)
                                : MMDB_strerror(status);
    return UsageError("'" + path + "': " + why +
                      (status == MMDB_INVALID_METADATA_ERROR
                           ? "; is it a MaxMind database (.mmdb, out of its .tar.gz)?"
                           : ""));
  }
  stage->is_open_ = true;
  // "GeoLite2-City", "DBIP-ASN-Lite": where the name says which it is, it must be the one.
  const std::string_view kind = stage->db_.metadata.database_type;
  const bool is_asn = kind.find("ASN") != std::string_view::npos;
  const bool is_place =
      kind.find("City") != std::string_view::npos || kind.find("Country") != std::string_view::npos;
  if (stage->options_.type == Type::kAsn ? is_place : is_asn) {
    return UsageError("'" + path + "' is a database of the type " + std::string(kind) +
                      "; set db_type to " + (is_asn ? "asn" : "city or country"));
  }
  return stage;
}

Verdict GeoipStage::Process(StageEntry& entry, StageRun& run) {
  const auto text = entry.Value(options_.source);
  if (!text) {
    Fail(entry, no_source_);
    return Verdict::kPass;
  }
  auto it = addresses_.find(*text);
  if (it == addresses_.end()) {
    std::string key(*text);
    Address address = Find(key);
    // Texts that are no address may be anything, of any length.
    if (address.problem == kNoAddress) {
      Fail(entry, kNoAddress, text->substr(0, 200));
      return Verdict::kPass;
    }
    if (addresses_.size() >= kMaxAddresses) addresses_.clear();
    it = addresses_.emplace(std::move(key), std::move(address)).first;
  }
  Address& address = it->second;
  if (!address.problem.empty()) Fail(entry, address.problem, *text);
  if (address.labels.empty()) return Verdict::kPass;
  if (address.from != entry.labels || address.generation != run.labels.generation()) {
    Labels labels = entry.labels->labels;
    labels.insert(labels.end(), address.labels.begin(), address.labels.end());
    address.to = run.labels.FromLabels(std::move(labels));
    address.from = entry.labels;
    address.generation = run.labels.generation();
  }
  entry.labels = address.to;
  return Verdict::kPass;
}

GeoipStage::Address GeoipStage::Find(const std::string& text) const {
  Address address;
  sockaddr_storage storage;
  if (!ParseAddress(text, &storage)) {
    address.problem = kNoAddress;
    return address;
  }
  int status = MMDB_SUCCESS;
  MMDB_lookup_result_s found =
      MMDB_lookup_sockaddr(&db_, reinterpret_cast<sockaddr*>(&storage), &status);
  if (status == MMDB_IPV6_LOOKUP_IN_IPV4_DATABASE_ERROR) {
    address.problem = kNoIpv6;
  } else if (status != MMDB_SUCCESS) {
    address.problem = kDamaged;
  } else if (found.found_entry) {
    Describe(&found.entry, &address.labels);
  }
  return address;
}

void GeoipStage::Describe(MMDB_entry_s* entry, Labels* labels) const {
  if (options_.type == Type::kAsn) {
    const auto number = Get(entry, {"autonomous_system_number"});
    if (number && number->type == MMDB_DATA_TYPE_UINT32 && number->uint32 != 0) {
      labels->push_back({"geoip_autonomous_system_number", std::to_string(number->uint32)});
    }
    AddText("geoip_autonomous_system_organization", entry, {"autonomous_system_organization"},
            labels);
    return;
  }
  AddText("geoip_country_name", entry, {"country", "names", "en"}, labels);
  AddText("geoip_continent_name", entry, {"continent", "names", "en"}, labels);
  AddText("geoip_continent_code", entry, {"continent", "code"}, labels);
  if (options_.type == Type::kCountry) {
    AddText("geoip_country_code", entry, {"country", "iso_code"}, labels);
    return;
  }
  AddText("geoip_city_name", entry, {"city", "names", "en"}, labels);
  AddText("geoip_postal_code", entry, {"postal", "code"}, labels);
  AddText("geoip_timezone", entry, {"location", "time_zone"}, labels);
  const double latitude = DoubleOf(entry, {"location", "latitude"});
  const double longitude = DoubleOf(entry, {"location", "longitude"});
  if (latitude != 0 || longitude != 0) {
    labels->push_back({"geoip_location_latitude", fmt::format("{}", latitude)});
    labels->push_back({"geoip_location_longitude", fmt::format("{}", longitude)});
  }
  // The last one is the smallest.
  AddText("geoip_subdivision_name", entry, {"subdivisions", "-1", "names", "en"}, labels);
  AddText("geoip_subdivision_code", entry, {"subdivisions", "-1", "iso_code"}, labels);
}

std::unique_ptr<Stage> ReadGeoipStage(const codec::YamlNode& config, BuildContext& context) {
  codec::Given<std::string> db, source, type;
  codec::YamlMap map(config, "geoip", context.errors);
  map.Text("db", &db);
  map.Text("source", &source);
  map.Text("db_type", &type);
  map.Finish();
  if (!db) map.Error(map.place(), "geoip: expected db, the path of a MaxMind database (.mmdb)");
  if (!source) map.Error(map.place(), "geoip: expected a source, the field that holds the address");
  if (!type) map.Error(map.place(), "geoip: expected a db_type: city, asn or country");
  GeoipStage::Options options;
  options.db = db.value;
  options.source = source.value;
  bool known = false;
  for (const NamedType& named : kTypes) {
    if (named.name != type.value) continue;
    options.type = named.type;
    known = true;
  }
  if (!known) {
    map.Error(type, "db_type: expected city, asn or country, not '" + type.value + "'");
  }
  if (!context.errors->first().ok()) return nullptr;
  auto stage = GeoipStage::Make(std::move(options));
  if (stage.ok()) return *std::move(stage);
  map.Error(db, "db: " + stage.status().message());
  return nullptr;
}

}  // namespace glp::stages
