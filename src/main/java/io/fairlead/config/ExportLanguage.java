package io.fairlead.config;

import io.fairlead.config.ExportConfig.Sasl;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What is said about who gets a copy of all records. */
final class ExportLanguage {
  private static final int LONGEST_NAME = 200;

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
          "\"file:secrets/export\"");

  // ClickHouse

  private static final Scalar<String> URL =
      new Scalar<>(
          "URL",
          "",
          Map.of("type", "string"),
          true, // somebody may have put a password into it all the same
          (text, _) -> text);
  private static final Key<String> AT =
      Key.required("url", URL, "The server's HTTP interface.", "\"http://127.0.0.1:8123\"");
  private static final Key<String> DATABASE =
      Key.of(
          "database",
          Scalar.text("name", null, ExportLanguage::name),
          ExportConfig.ClickHouse.DATABASE,
          "Database with a table for each of ours, of the same name.",
          "fairlead");

  private static final Obj<ExportConfig.ClickHouse> CLICKHOUSE =
      new Obj<>(
          "clickhouse",
          "A ClickHouse server. A URL alone stands for it.",
          List.of(AT, DATABASE, USER, PASSWORD, OutboundKeys.CA),
          List.of(),
          new Obj.ShortForm<>(
              URL,
              (url, _) ->
                  new ExportConfig.ClickHouse(
                      url, ExportConfig.ClickHouse.DATABASE, "", new Secret(""), List.of())),
          (values, _) -> {
            ExportConfig.ClickHouse server =
                new ExportConfig.ClickHouse(
                    values.get(AT),
                    values.get(DATABASE),
                    orElse(values.find(USER), ""),
                    orElse(values.find(PASSWORD), new Secret("")),
                    values.get(OutboundKeys.CA));
            TlsLanguage.readAuthorities("ca", server.ca());
            return server;
          });

  // Kafka

  private static final Scalar<HostPort> BROKER = Scalar.parsed("address", HostPort::parse);
  private static final Key<List<HostPort>> BROKERS =
      Key.required(
          "brokers",
          new ListOf<>("addresses", BROKER),
          "Some of the brokers; they are asked for the others.",
          "[ \"10.0.0.7:9092\", \"10.0.0.8:9092\" ]");
  private static final Key<String> TOPIC =
      Key.of(
          "topic",
          Scalar.text("name", null, ExportLanguage::topic),
          ExportConfig.Kafka.TOPIC,
          "How topics begin, of which there is one for each table, such as `fairlead-requests`.",
          "edge");
  private static final Key<Boolean> TLS =
      Key.of("tls", Scalar.flag(), false, "Whether brokers are spoken to by TLS.", "true");
  private static final Key<Sasl> SASL =
      Key.of(
          "sasl",
          Scalar.word(Sasl.class),
          ExportConfig.Kafka.SASL,
          "How the user logs in; `plain` needs TLS or brokers at loopback addresses.",
          "plain");

  private static final Obj<ExportConfig.Kafka> KAFKA =
      new Obj<>(
          "kafka",
          "Brokers that speak Kafka's protocol. The address of one alone stands for them.",
          List.of(BROKERS, TOPIC, TLS, OutboundKeys.CA, SASL, USER, PASSWORD),
          List.of(),
          new Obj.ShortForm<>(
              BROKER,
              (broker, _) ->
                  new ExportConfig.Kafka(
                      List.of(broker),
                      ExportConfig.Kafka.TOPIC,
                      false,
                      List.of(),
                      ExportConfig.Kafka.SASL,
                      "",
                      new Secret(""))),
          (values, _) -> {
            ExportConfig.Kafka brokers =
                new ExportConfig.Kafka(
                    values.get(BROKERS),
                    values.get(TOPIC),
                    values.get(TLS),
                    values.get(OutboundKeys.CA),
                    values.get(SASL),
                    orElse(values.find(USER), ""),
                    orElse(values.find(PASSWORD), new Secret("")));
            TlsLanguage.readAuthorities("ca", brokers.ca());
            return brokers;
          });

  // either

  private static final Key<ExportConfig.ClickHouse> TO_CLICKHOUSE =
      Key.computed(
          "clickhouse", CLICKHOUSE, "none", "A ClickHouse server.", "\"http://127.0.0.1:8123\"");
  private static final Key<ExportConfig.Kafka> TO_KAFKA =
      Key.computed(
          "kafka", KAFKA, "none", "Brokers that speak Kafka's protocol.", "\"10.0.0.7:9092\"");
  private static final Key<List<String>> TABLES =
      Key.of(
          "tables",
          new ListOf<>("words", Scalar.words("word", ExportConfig.TABLES, table -> table)),
          ExportConfig.TABLES,
          String.join(", ", ExportConfig.TABLES),
          "Which records are sent.",
          "[requests, events]");

  private static final Obj<ExportConfig> EXPORT =
      new Obj<>(
          "log export",
          "Somebody who gets a copy of all records: one of clickhouse and kafka.",
          List.of(TO_CLICKHOUSE, TO_KAFKA, TABLES),
          List.of(),
          null,
          (values, _) -> {
            ExportConfig.Target clickHouse = values.find(TO_CLICKHOUSE);
            ExportConfig.Target kafka = values.find(TO_KAFKA);
            ExportConfig.Target one = clickHouse == null ? kafka : clickHouse;
            if (one == null || (clickHouse != null && kafka != null)) {
              throw Require.refusal("must have one of clickhouse and kafka");
            }
            return new ExportConfig(one, values.get(TABLES));
          });

  static final Key<List<ExportConfig>> EXPORTS =
      Key.of(
          "export",
          new ListOf<>("exports", EXPORT),
          List.of(),
          "none",
          "Who gets a copy of all records, up to " + ExportConfig.MOST + ".",
          "[ { clickhouse: \"http://127.0.0.1:8123\" } ]");

  private ExportLanguage() {}

  private static <T> T orElse(@Nullable T value, T otherwise) {
    return value == null ? otherwise : value;
  }

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
