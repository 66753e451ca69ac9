#include "stages/geoip.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "stages/mmdb_writer.h"
#include "stages/pipeline_fixture.h"

namespace glp::stages {
namespace {

using W = MmdbWriter;

std::string English(std::string_view name) { return W::Map({{"en", W::Text(name)}}); }

class GeoipStageTest : public testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& bytes) {
    const std::string path = testing::TempDir() + "glp_geoip_" + name;
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  std::string City() {
    MmdbWriter db("GeoLite2-City");
    db.Add(
        "1.2.3.0", 24,
        W::Map({{"city", W::Map({{"names", English("Köln")}})},
                {"continent", W::Map({{"code", W::Text("EU")}, {"names", English("Europe")}})},
                {"country", W::Map({{"iso_code", W::Text("DE")}, {"names", English("Germany")}})},
                {"location", W::Map({{"latitude", W::Double(50.9333)},
                                     {"longitude", W::Double(7)},
                                     {"time_zone", W::Text("Europe/Berlin")}})},
                {"postal", W::Map({{"code", W::Text("50667")}})},
                {"subdivisions",
                 W::Array({W::Map({{"iso_code", W::Text("XX")}, {"names", English("Big")}}),
                           W::Map({{"iso_code", W::Text("NW")}, {"names", English("Small")}})})}}));
    db.Add("2001:db8::", 32, W::Map({{"country", W::Map({{"names", English("Nowhere")}})}}));
    return Write("city.mmdb", db.Finish());
  }
  std::string Asn() {
    MmdbWriter db("GeoLite2-ASN");
    db.Add("8.8.8.0", 24,
           W::Map({{"autonomous_system_number", W::Uint32(15169)},
                   {"autonomous_system_organization", W::Text("GOOGLE")}}));
    return Write("asn.mmdb", db.Finish());
  }
  static std::string Yaml(const std::string& db, const std::string& type) {
    return "- geoip: {db: '" + db + "', source: ip, db_type: " + type + "}";
  }
  static TestLine Ip(const std::string& ip) {
    return {"x", R"({"app":"web"})", 1000, R"({"ip":")" + ip + R"("})"};
  }
};

TEST_F(GeoipStageTest, LabelsOfACity) {
  const std::vector<TestOut> out = RunStages(
      Yaml(City(), "city"),
      {Ip("1.2.3.4"), Ip("1.2.4.4"), Ip("2001:db8::1"), Ip("::ffff:1.2.3.9"), Ip("1.2.3.4")});
  const std::string cologne =
      R"({"app":"web","geoip_city_name":"Köln","geoip_continent_code":"EU",)"
      R"("geoip_continent_name":"Europe","geoip_country_name":"Germany",)"
      R"("geoip_location_latitude":"50.9333","geoip_location_longitude":"7",)"
      R"("geoip_postal_code":"50667","geoip_subdivision_code":"NW",)"
      R"("geoip_subdivision_name":"Small","geoip_timezone":"Europe/Berlin"})";
  EXPECT_EQ(LabelsOf(out),
            (Texts{cologne, R"({"app":"web"})", R"({"app":"web","geoip_country_name":"Nowhere"})",
                   cologne, cologne}));
  EXPECT_EQ(FieldsOf(out)[1], R"({"ip":"1.2.4.4"})");
}

TEST_F(GeoipStageTest, LabelsOfANetworkAndOfACountry) {
  EXPECT_EQ(LabelsOf(RunStages(Yaml(Asn(), "asn"), {Ip("8.8.8.8"), Ip("8.8.9.8")})),
            (Texts{R"({"app":"web","geoip_autonomous_system_number":"15169",)"
                   R"("geoip_autonomous_system_organization":"GOOGLE"})",
                   R"({"app":"web"})"}));
  EXPECT_EQ(LabelsOf(RunStages(Yaml(City(), "country"), {Ip("1.2.3.4")})),
            Texts{R"({"app":"web","geoip_continent_code":"EU","geoip_continent_name":"Europe",)"
                  R"("geoip_country_code":"DE","geoip_country_name":"Germany"})"});
}

TEST_F(GeoipStageTest, WhatIsNoAddressIsMarked) {
  const std::vector<TestOut> out = RunStages(
      Yaml(City(), "city"), {Ip("1.2.3"), Ip("host"), Ip("1.2.3.4:80"), Ip(""), {"x", "{}"}});
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_NE(out[i].fields.find(R"("__error__":"geoip: not an IP address")"), std::string::npos)
        << out[i].fields;
    EXPECT_EQ(out[i].labels, R"({"app":"web"})");
  }
  EXPECT_EQ(out[4].fields, R"({"__error__":"geoip: no field or label 'ip'"})");
}

TEST_F(GeoipStageTest, ManyAddressesAndClearedLabels) {
  TestPipeline pipeline(Yaml(City(), "city"));
  for (int i = 0; i < 25'000; ++i) {
    pipeline.Feed(Ip("1." + std::to_string(i / 250 % 250) + ".3." + std::to_string(i % 250)));
    if (i % 5'000 == 0) pipeline.table().Clear();
  }
  size_t found = 0;
  for (const TestOut& out : pipeline.out())
    found += out.labels.find("Germany") != std::string::npos;
  EXPECT_EQ(found, 250u);
}

TEST_F(GeoipStageTest, WrongConfigurationsAreRefused) {
  EXPECT_EQ(BuildError("- geoip: {source: a, db_type: city}"),
            "t.yml:1:10: geoip: expected db, the path of a MaxMind database (.mmdb)");
  EXPECT_EQ(BuildError("- geoip: {db: a, db_type: city}"),
            "t.yml:1:10: geoip: expected a source, the field that holds the address");
  EXPECT_EQ(BuildError("- geoip: {db: a, source: a}"),
            "t.yml:1:10: geoip: expected a db_type: city, asn or country");
  EXPECT_EQ(BuildError("- geoip: {db: a, source: a, db_type: planet}"),
            "t.yml:1:38: db_type: expected city, asn or country, not 'planet'");
  EXPECT_EQ(BuildError("- geoip: {db: /no/such.mmdb, source: a, db_type: city}"),
            "t.yml:1:15: db: '/no/such.mmdb': No such file or directory");
  const std::string text = Write("text.mmdb", "not a database");
  EXPECT_EQ(
      BuildError(Yaml(text, "city")),
      "t.yml:1:15: db: '" + text +
          "': The MaxMind DB file contains invalid metadata; is it a MaxMind database (.mmdb, "
          "out of its .tar.gz)?");
  const std::string asn = Asn(), city = City();
  EXPECT_EQ(
      BuildError(Yaml(asn, "city")),
      "t.yml:1:15: db: '" + asn + "' is a database of the type GeoLite2-ASN; set db_type to asn");
  EXPECT_EQ(BuildError(Yaml(city, "asn")),
            "t.yml:1:15: db: '" + city +
                "' is a database of the type GeoLite2-City; set db_type to city or country");
}

// A database that is cut off or changed is refused or says nothing; it never crashes.
TEST_F(GeoipStageTest, ADamagedDatabaseDoesNoHarm) {
  std::ifstream file(Asn(), std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(file)), {});
  // The library itself leaks where the metadata at the end is broken.
  for (size_t at = 0; at < whole.find("MaxMind.com"); at += 7) {
    std::string bytes = at % 2 == 0 ? whole.substr(0, at) : whole;
    if (at % 2 == 1) bytes[at] = static_cast<char>(bytes[at] ^ 0x55);
    auto stage = GeoipStage::Make({Write("bad.mmdb", bytes), "ip", GeoipStage::Type::kAsn});
    if (!stage.ok()) continue;
    LabelTable table;
    class : public EntrySink {
      void OnEntry(StageEntry&) override {}
      void OnDrop(StageEntry&, std::string_view) override {}
      void Wait(int64_t) override {}
    } sink;
    Pipeline pipeline(&table, &sink);
    pipeline.Add(*std::move(stage));
    Record record;
    const std::string fields = R"({"ip":"8.8.8.8"})" + std::string(64, '\0');
    record.labels = table.empty();
    record.fields = std::string_view(fields).substr(0, 16);
    pipeline.Process(record);
  }
}

}  // namespace
}  // namespace glp::stages
