package io.fairlead.config;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/**
 * Somebody who gets a copy of all records, as they are written to disk.
 *
 * @param to who
 * @param tables which records are sent
 */
public record ExportConfig(Target to, List<String> tables) {
  /** Of them there may be so many. */
  static final int MOST = 4;

  /** What there is to get. */
  public static final List<String> TABLES =
      List.of("requests", "sessions", "dns", "probes", "events", "node_logs");

  public ExportConfig {
    tables = List.copyOf(tables);
    new Require()
        .that(!tables.isEmpty(), "tables", "none", "must name one at least")
        .that(Set.copyOf(tables).size() == tables.size(), "tables", "the same twice", "must differ")
        .orRefuse();
  }

  /** Where it is, without what could be secret. */
  public String place() {
    return to.place();
  }

  /** Who gets them. */
  public sealed interface Target {
    /** Where it is, without what could be secret. */
    String place();
  }

  /**
   * ClickHouse, by its HTTP interface.
   *
   * @param url of the interface
   * @param database with a table for each of ours, of the same name
   * @param user who logs in; empty: whom it takes for the default
   * @param password of that user; empty: none
   * @param ca files with the authorities that are trusted; empty: those of the system
   */
  public record ClickHouse(String url, String database, String user, Secret password, List<Path> ca)
      implements Target {
    static final String DATABASE = "default";

    public ClickHouse {
      ca = List.copyOf(ca);
      String wrong = OutboundKeys.base(url, "http://127.0.0.1:8123");
      new Require()
          .that(wrong == null, "url", null, String.valueOf(wrong))
          .that(
              password.value().isEmpty() || !user.isEmpty(),
              "password",
              null,
              "must not be given without user")
          .orRefuse();
    }

    @Override
    public String place() {
      return "clickhouse " + URI.create(url).getAuthority() + "/" + database;
    }
  }

  /**
   * Brokers that speak Kafka's protocol.
   *
   * @param brokers that are asked for the others
   * @param topic a topic for each table begins so; behind it come a dash and the table's name
   * @param tls whether brokers have to prove who they are, and nobody else reads what is sent
   * @param ca files with the authorities that are trusted; empty: those of the system
   * @param sasl how the user logs in, if there is one
   * @param user who logs in; empty: nobody
   * @param password of that user
   */
  public record Kafka(
      List<HostPort> brokers,
      String topic,
      boolean tls,
      List<Path> ca,
      Sasl sasl,
      String user,
      Secret password)
      implements Target {
    static final String TOPIC = "fairlead";
    static final int MAX_TOPIC = 100;
    static final Sasl SASL = Sasl.SCRAM_SHA_512;
    private static final int MAX_BROKERS = 20;

    public Kafka {
      brokers = List.copyOf(brokers);
      ca = List.copyOf(ca);
      new Require()
          .that(
              !brokers.isEmpty() && brokers.size() <= MAX_BROKERS,
              "brokers",
              brokers.size() + " brokers",
              "must be 1 to " + MAX_BROKERS)
          .that(tls || ca.isEmpty(), "ca", null, "must not be given without tls: true")
          .that(
              user.isEmpty() == password.value().isEmpty(),
              user.isEmpty() ? "password" : "user",
              null,
              user.isEmpty()
                  ? "must not be given without user"
                  : "must not be given without password")
          .that(
              user.isEmpty()
                  || tls
                  || sasl != Sasl.PLAIN
                  || brokers.stream().allMatch(broker -> Syntax.isLoopback(broker.host())),
              List.of("sasl"),
              null,
              "must not be plain without tls: true: the password would be readable on the way",
              List.of(List.of("brokers")))
          .orRefuse();
    }

    @Override
    public String place() {
      return "kafka " + brokers.getFirst() + "/" + topic;
    }
  }

  /** How a user logs in at a broker. */
  public enum Sasl {
    /** Shows the password (RFC 4616). */
    PLAIN,
    /** Shows that it is known (RFC 7677). */
    SCRAM_SHA_256,
    /** The same with the longer digest. */
    SCRAM_SHA_512
  }
}
