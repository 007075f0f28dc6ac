package io.fairlead.config;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Somebody who gets a copy of all records, as they are written to disk. */
public sealed interface ExportConfig {
  /** Of them there may be so many. */
  int MOST = 4;

  /** What there is to get. */
  List<String> TABLES = List.of("requests", "sessions", "probes", "events", "node_logs");

  /** Which tables it gets. */
  List<String> tables();

  /** Where it is, without what could be secret. */
  String place();

  /**
   * ClickHouse, by its HTTP interface.
   *
   * @param url of the interface
   * @param database with a table for each of ours, of the same name
   * @param user who logs in; empty: whom it takes for the default
   * @param password of that user; empty: none
   * @param tables which are sent
   * @param ca files with the authorities that are trusted; empty: those of the system
   */
  record ClickHouse(
      String url, String database, String user, Secret password, List<String> tables, List<Path> ca)
      implements ExportConfig {
    public ClickHouse {
      tables = checked(tables);
      ca = List.copyOf(ca);
      new Require()
          .that(
              wrong(url) == null,
              List.of("clickhouse"),
              null,
              String.valueOf(wrong(url)),
              List.of())
          .that(
              password.value().isEmpty() || !user.isEmpty(),
              List.of("password"),
              null,
              "needs a user",
              List.of())
          .orRefuse();
    }

    @Override
    public String place() {
      return "clickhouse " + URI.create(url).getAuthority() + "/" + database;
    }
  }

  /**
   * Brokers that speak Kafka's protocol, without TLS.
   *
   * @param brokers that are asked for the others
   * @param topic a topic for each table begins so; behind it come a dash and the table's name
   * @param tables which are sent
   */
  record Kafka(List<HostPort> brokers, String topic, List<String> tables) implements ExportConfig {
    static final int MAX_TOPIC = 100;
    private static final int MAX_BROKERS = 20;

    public Kafka {
      brokers = List.copyOf(brokers);
      tables = checked(tables);
      new Require()
          .that(
              !brokers.isEmpty() && brokers.size() <= MAX_BROKERS,
              "kafka",
              brokers.size() + " brokers",
              "must be 1 to " + MAX_BROKERS)
          .orRefuse();
    }

    @Override
    public String place() {
      return "kafka " + brokers.getFirst() + "/" + topic;
    }
  }

  /** The one of them that is set. */
  static ExportConfig one(@Nullable ExportConfig clickHouse, @Nullable ExportConfig kafka) {
    if (clickHouse != null && kafka == null) {
      return clickHouse;
    }
    if (kafka != null && clickHouse == null) {
      return kafka;
    }
    throw Require.refusal("needs one of clickhouse and kafka");
  }

  private static List<String> checked(List<String> tables) {
    Set<String> unknown = new TreeSet<>(tables);
    unknown.removeAll(Set.copyOf(TABLES));
    new Require()
        .that(!tables.isEmpty(), "tables", "none", "must name one at least")
        .that(
            unknown.isEmpty(),
            "tables",
            String.join(", ", unknown),
            "must be of " + String.join(", ", TABLES))
        .that(Set.copyOf(tables).size() == tables.size(), "tables", "the same twice", "must differ")
        .orRefuse();
    return List.copyOf(tables);
  }

  /** What is wrong with it; null: nothing. */
  static @Nullable String wrong(String text) {
    String wrong = "must be a URL such as http://127.0.0.1:8123, without user and query";
    try {
      URI uri = new URI(text);
      boolean http = "https".equals(uri.getScheme()) || "http".equals(uri.getScheme());
      return http
              && uri.getHost() != null
              && uri.getUserInfo() == null
              && uri.getQuery() == null
              && uri.getFragment() == null
              && text.length() <= 2048
          ? null
          : wrong;
    } catch (URISyntaxException _) {
      return wrong;
    }
  }
}
