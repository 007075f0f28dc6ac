package io.fairlead.config;

import java.util.List;

/**
 * What is recorded of requests and sessions.
 *
 * @param enabled whether anything is
 * @param keep how long, and how much of it
 * @param ring memory per event loop for records on their way to disk, 4 MiB to 1 GiB in whole MiB;
 *     what does not fit while the recorder is slow is dropped and counted. A change takes effect at
 *     the next start.
 * @param mask what records must not say
 * @param text logs of text written from records; {@value #MAX_TEXT} at most, each to a place of its
 *     own
 * @param ingest where lines of the nodes' own logs come from; {@value LogSource#MOST} at most
 * @param export who gets a copy of all records; {@value ExportConfig#MOST} at most
 */
public record LogsConfig(
    boolean enabled,
    Keep keep,
    long ring,
    Mask mask,
    List<TextLogConfig> text,
    List<LogSource> ingest,
    List<ExportConfig> export) {
  static final int MAX_TEXT = 8;
  static final Range<Long> RING = Range.sizes(4L << 20, 1L << 30);

  public static final LogsConfig DEFAULT =
      new LogsConfig(true, Keep.DEFAULT, 16L << 20, Mask.DEFAULT, List.of(), List.of(), List.of());

  public LogsConfig {
    text = List.copyOf(text);
    ingest = List.copyOf(ingest);
    export = List.copyOf(export);
    new Require()
        .within(RING, "ring", ring)
        .that(
            !RING.contains(ring) || ring % (1 << 20) == 0,
            "ring",
            Units.size(ring),
            "must be a multiple of 1MiB")
        .that(
            text.size() <= MAX_TEXT,
            "text",
            text.size() + " logs",
            "must not have more than " + MAX_TEXT)
        .that(
            enabled || text.isEmpty(),
            "text",
            text.size() + " logs",
            "needs enabled: true: they are written from records")
        .that(
            text.stream().map(TextLogConfig::to).distinct().count() == text.size(),
            "text",
            text.size() + " logs",
            "must each have a place of its own")
        .that(
            ingest.size() <= LogSource.MOST,
            "ingest",
            ingest.size() + " sources",
            "must not have more than " + LogSource.MOST + " sources")
        .that(
            enabled || ingest.isEmpty(),
            "ingest",
            ingest.size() + " sources",
            "needs enabled: true: lines are kept as records are")
        .that(
            export.size() <= ExportConfig.MOST,
            "export",
            export.size() + " places",
            "must not have more than " + ExportConfig.MOST)
        .that(
            enabled || export.isEmpty(),
            "export",
            export.size() + " places",
            "needs enabled: true: what is sent are records")
        .that(
            export.stream().map(ExportConfig::place).distinct().count() == export.size(),
            "export",
            export.size() + " places",
            "must each be another place")
        .orRefuse();
  }

  /**
   * What is kept of what was recorded; the oldest goes first.
   *
   * @param days of which records are kept, today among them
   * @param size bytes on disk of all of them
   */
  public record Keep(int days, long size) {
    static final Range<Integer> DAYS = Range.counts(1, 3650);
    static final Range<Long> SIZE = Range.sizes(64L << 20, 1L << 50);

    public static final Keep DEFAULT = new Keep(7, 10L << 30);

    public Keep {
      new Require().within(DAYS, "days", days).within(SIZE, "size", size).orRefuse();
    }
  }

  /**
   * What records must not say.
   *
   * @param client bits of IPv4 addresses that are kept, of IPv6 twice as many; 32: all of both
   * @param query names of query parameters whose values are replaced, in letters of either case;
   *     100 at most
   */
  public record Mask(int client, List<String> query) {
    static final Range<Integer> CLIENT = Range.counts(0, 32);
    static final int MAX_NAME = 100;
    private static final int MAX_NAMES = 100;

    /** Whole addresses; what is secret in most applications and protocols. */
    public static final Mask DEFAULT =
        new Mask(
            32,
            List.of(
                "access_token",
                "api_key",
                "apikey",
                "client_secret",
                "id_token",
                "password",
                "refresh_token",
                "secret",
                "sig",
                "signature",
                "token",
                "x-amz-signature"));

    public Mask {
      query = List.copyOf(query);
      Require require =
          new Require()
              .within(CLIENT, "client", client)
              .that(
                  query.size() <= MAX_NAMES,
                  "query",
                  query.size() + " names",
                  "must not have more than " + MAX_NAMES + " names");
      for (int i = 0; i < query.size(); i++) {
        String name = query.get(i);
        require.that(
            !name.isEmpty() && name.length() <= MAX_NAME,
            List.of("query", "[" + i + "]"),
            name,
            "must be the name of a query parameter, 1 to " + MAX_NAME + " characters",
            List.of());
      }
      require.orRefuse();
    }
  }
}
