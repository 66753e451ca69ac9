// Labels of where an address is, or whose network it is in, out of a MaxMind database (.mmdb).
// What the database does not say is no label. An address that it does not have passes without any;
// what is no address marks the entry.
//
//   city:    geoip_city_name geoip_country_name geoip_continent_name geoip_continent_code
//            geoip_location_latitude geoip_location_longitude geoip_postal_code geoip_timezone
//            geoip_subdivision_name geoip_subdivision_code
//   asn:     geoip_autonomous_system_number geoip_autonomous_system_organization
//   country: geoip_country_name geoip_country_code geoip_continent_name geoip_continent_code
//            (promtail has no such type)
//
// Names are the English ones. The database is mapped, not read, at the start: one that is replaced
// by renaming stays as it was; it must not be written in place.
// Threads: one at a time.
// Cost:    what an address and a set of labels give is remembered for 10,000 addresses.
#pragma once

#include <maxminddb.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/strings.h"
#include "record/labels.h"
#include "stages/build.h"
#include "stages/stage.h"

namespace glp::stages {

class GeoipStage : public Stage {
 public:
  enum class Type : uint8_t { kCity, kAsn, kCountry };
  struct Options {
    std::string db;
    std::string source;
    Type type = Type::kCity;
  };
  // Errors: Code::kUsage for a file that is not there or no database of that type.
  static Result<std::unique_ptr<GeoipStage>> Make(Options options);
  ~GeoipStage() override;
  Verdict Process(StageEntry& entry, StageRun& run) override;

 private:
  static constexpr size_t kMaxAddresses = 10'000;
  struct Address {
    std::string_view problem;  // why it has no labels; "" where it may have
    Labels labels;             // to add
    // The set that was asked for last, and with the labels.
    uint64_t generation = 0;
    const LabelSet* from = nullptr;
    const LabelSet* to = nullptr;
  };

  explicit GeoipStage(Options options);
  Address Find(const std::string& text) const;
  void Describe(MMDB_entry_s* entry, Labels* labels) const;

  Options options_;
  std::string no_source_;
  MMDB_s db_{};
  bool is_open_ = false;
  StringMap<Address> addresses_;
};

std::unique_ptr<Stage> ReadGeoipStage(const codec::YamlNode& config, BuildContext& context);

}  // namespace glp::stages
