package io.fairlead.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What is said about who gets a copy of all records. */
final class ExportLanguage {
  private static final int LONGEST_NAME = 200;

  private static final Key<String> CLICKHOUSE =
      Key.computed(
          "clickhouse",
          new Scalar<>(
              "URL",
              "",
              Map.of("type", "string"),
              true, // somebody may have put a password into it all the same
              (text, _) -> {
                String wrong = ExportConfig.wrong(text);
                if (wrong != null) {
                  throw Require.refusal(wrong);
                }
                return text;
              }),
          "none",
          "HTTP interface of a ClickHouse server.",
          "\"http://127.0.0.1:8123\"");
  private static final Key<List<HostPort>> KAFKA =
      Key.computed(
          "kafka",
          new ListOf<>("addresses", Scalar.parsed("address", HostPort::parse)),
          "none",
          "Brokers that speak Kafka's protocol, without TLS; they are asked for the others.",
          "[ \"10.0.0.7:9092\", \"10.0.0.8:9092\" ]");
  private static final Key<String> TOPIC =
      Key.of(
          "topic",
          Scalar.text("name", null, ExportLanguage::topic),
          "fairlead",
          "With `kafka`: how topics begin, of which there is one for each table, such as"
              + " `fairlead-requests`.",
          "edge");
  private static final Key<String> DATABASE =
      Key.of(
          "database",
          Scalar.text("name", null, ExportLanguage::name),
          "default",
          "Database with a table for each of ours, of the same name.",
          "fairlead");
  private static final Key<String> USER =
      Key.computed(
          "user",
          Scalar.text("name", null, ExportLanguage::name),
          "nobody logs in",
          "Who logs in.",
          "fairlead");
  private static final Key<Secret> PASSWORD =
      Key.computed(
          "password",
          Scalar.secret("secret"),
          "none",
          "Password of that user, or `file:PATH`; appears in no message.",
          "\"file:secrets/clickhouse\"");
  private static final Key<List<String>> TABLES =
      Key.of(
          "tables",
          new ListOf<>("words", Scalar.words("word", ExportConfig.TABLES, table -> table)),
          ExportConfig.TABLES,
          String.join(", ", ExportConfig.TABLES),
          "Which records are sent.",
          "[requests, events]");
  private static final Key<List<Path>> CA =
      Key.of(
          "ca",
          new ListOf<>("paths", Scalar.path("path")),
          List.of(),
          "those of the system",
          "Files with the authorities that are trusted, in PEM.",
          "ca.pem");

  static final Obj<ExportConfig> EXPORT =
      new Obj<>(
          "log export",
          "Somebody who gets a copy of all records: one of `clickhouse` and `kafka`.",
          List.of(CLICKHOUSE, KAFKA, TOPIC, DATABASE, USER, PASSWORD, TABLES, CA),
          List.of(),
          null,
          (values, _) -> {
            TlsLanguage.readAuthorities("ca", values.get(CA));
            String user = values.find(USER);
            Secret password = values.find(PASSWORD);
            String url = values.find(CLICKHOUSE);
            List<HostPort> brokers = values.find(KAFKA);
            return ExportConfig.one(
                url == null
                    ? null
                    : new ExportConfig.ClickHouse(
                        url,
                        values.get(DATABASE),
                        user == null ? "" : user,
                        password == null ? new Secret("") : password,
                        values.get(TABLES),
                        values.get(CA)),
                brokers == null
                    ? null
                    : new ExportConfig.Kafka(brokers, values.get(TOPIC), values.get(TABLES)));
          });

  static final Key<List<ExportConfig>> EXPORTS =
      Key.of(
          "export",
          new ListOf<>("exports", EXPORT),
          List.of(),
          "none",
          "Who gets a copy of all records, up to " + ExportConfig.MOST + ".",
          "[ { clickhouse: \"http://127.0.0.1:8123\", database: fairlead } ]");

  private ExportLanguage() {}

  private static @Nullable String topic(String text) {
    return text.matches("[A-Za-z0-9._-]{1," + ExportConfig.Kafka.MAX_TOPIC + "}")
        ? null
        : "must be letters, digits, dots, underscores and dashes, at most "
            + ExportConfig.Kafka.MAX_TOPIC;
  }

  private static @Nullable String name(String text) {
    return text.isEmpty() || text.length() > LONGEST_NAME || !text.matches("[\\x21-\\x7E]+")
        ? "must be a name, 1 to " + LONGEST_NAME + " characters without spaces"
        : null;
  }
}
