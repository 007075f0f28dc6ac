package io.fairlead.record.sql;

import io.fairlead.insight.incident.Comparison.Counted;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What questions to the request records cost: start of the process, first and later answers, its
 * memory. Arguments: a folder, the number of rows to make there if it has none, and so many files.
 */
final class QuestionsMain {
  private static final int ROUNDS = 3;

  private QuestionsMain() {}

  static void main(String[] args) throws IOException, SQLException, WrongCondition {
    Path records = Path.of(args[0]);
    if (!Files.exists(records.resolve("requests"))) {
      make(records, Long.parseLong(args[1]), Integer.parseInt(args[2]));
    }
    Map<String, String> questions = questions();
    SqlLimits limits = SqlLimits.standard();
    System.out.printf("%-22s %9s %9s %9s%n", "question", "first ms", "best ms", "MiB");
    for (int start = 0; start < ROUNDS; start++) {
      try (RecordQueries queries = new RecordQueries(records, limits, EngineFiles::classPath)) {
        time(queries, "start and SELECT 1", "SELECT 1", 1);
        time(queries, "SELECT 1", "SELECT 1", ROUNDS);
      }
    }
    try (RecordQueries queries = new RecordQueries(records, limits, EngineFiles::classPath)) {
      for (Map.Entry<String, String> question : questions.entrySet()) {
        time(queries, question.getKey(), question.getValue(), ROUNDS);
      }
    }
  }

  private static Map<String, String> questions() throws WrongCondition {
    Map<String, String> questions = new LinkedHashMap<>();
    questions.put("count", "SELECT count(*) FROM requests");
    questions.put(
        "node x status",
        "SELECT node, status, count(*), avg(total_us) FROM requests GROUP BY ALL ORDER BY ALL");
    questions.put(
        "routes by p99",
        "SELECT route, count(*), p99(total_us) FROM requests GROUP BY ALL ORDER BY 3 DESC LIMIT 10");
    questions.put(
        "routes by exact p99",
        "SELECT route, count(*), quantile_cont(total_us, 0.99) FROM requests GROUP BY ALL"
            + " ORDER BY 3 DESC LIMIT 10");
    questions.put(
        "60k paths by p99",
        "SELECT path, count(*), p99(total_us) FROM requests GROUP BY ALL ORDER BY 3 DESC LIMIT 10");
    questions.put(
        "paths with 5xx",
        "SELECT path, count(*) FROM requests WHERE status >= 500 GROUP BY ALL ORDER BY 2 DESC"
            + " LIMIT 10");
    questions.put(
        "needle",
        "SELECT * FROM requests WHERE client = '10.55.1.0' AND status = 503 AND path = '/item/7'");
    questions.put("last 100", RecordSql.records("requests", Instant.EPOCH, "", 100));
    questions.put(
        "last 100 of 5 min, 5xx",
        RecordSql.records("requests", Instant.parse("2026-11-26T00:55:00Z"), "status>=500", 100));
    questions.put("facets", RecordSql.facets("requests", Instant.EPOCH, "", List.of(), 10));
    questions.put(
        "facets of 5xx", RecordSql.facets("requests", Instant.EPOCH, "status>=500", List.of(), 10));
    WhyQuestion why =
        new WhyQuestion(
            Instant.parse("2026-11-26T00:00:00Z"),
            Instant.parse("2026-11-26T01:00:00Z"),
            "",
            "errors",
            0,
            Long.MAX_VALUE,
            false);
    questions.put("why: failures", WhySql.fields(why, false));
    questions.put("why: all fields", WhySql.fields(why, true));
    questions.put(
        "why: pairs",
        WhySql.pairs(
            why,
            List.of(
                new Counted("node", "node-3", 0, 0),
                new Counted("route", "web-2", 0, 0),
                new Counted("method", "POST", 0, 0))));
    return questions;
  }

  private static void time(RecordQueries queries, String name, String sql, int rounds)
      throws IOException {
    List<Long> millis = new ArrayList<>();
    for (int i = 0; i < rounds; i++) {
      long start = System.nanoTime();
      QueryOutcome outcome = queries.ask(sql, 1000);
      millis.add((System.nanoTime() - start) / 1_000_000);
      if (!(outcome instanceof QueryOutcome.Answered)) {
        System.out.println(name + ": " + outcome);
        return;
      }
    }
    System.out.printf(
        "%-22s %9d %9d %9d%n",
        name,
        millis.getFirst(),
        millis.stream().mapToLong(each -> each).min().orElse(0),
        resident(queries.pid()));
  }

  private static long resident(long pid) throws IOException {
    return Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024)
        .sum();
  }

  /** An hour of requests: 20 routes, 24 nodes, 50,000 clients, 60,000 paths, few of them often. */
  private static void make(Path records, long rows, int files) throws IOException, SQLException {
    Path day = Files.createDirectories(records.resolve("requests/2026-11-26"));
    try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE MACRO chance(i, k) AS (hash(i * 31 + k) % 1000000) / 1000000.0");
      statement.execute(
          "CREATE MACRO micros(i, mean) AS exp(mean + 1.2 * sqrt(-2 * ln(1 - chance(i, 6)))"
              + " * cos(6.28 * chance(i, 8)))::INTEGER");
      for (int file = 0; file < files; file++) {
        statement.execute(
            """
            COPY (SELECT printf('%%016x', i) AS id,
                TIMESTAMP '2026-11-26 00:00:00' + to_microseconds(i * 3600000000 // %d) AS time,
                'one' AS instance, 'web' AS listener,
                'web-' || least(19, floor(-ln(1 - chance(i, 1)) * 4)::INTEGER) AS route,
                'shop' AS service, 'node-' || hash(i + 7) %% 24 AS node,
                '10.' || hash(i * 5) %% 50000 // 250 || '.' || hash(i * 5) %% 250 || '.0' AS client,
                CASE WHEN chance(i, 3) < 0.8 THEN 'GET' ELSE 'POST' END AS method,
                'shop.example' AS host,
                '/item/' || floor(power(60000, chance(i, 4)))::INTEGER AS path,
                'http/1.1' AS protocol,
                CASE WHEN chance(i, 5) < 0.97 THEN 200 WHEN chance(i, 5) < 0.99 THEN 404
                     ELSE 503 END::SMALLINT AS status,
                CASE WHEN chance(i, 5) >= 0.995 THEN 'upstream-timeout' END AS error,
                (hash(i + 3) %% 2000)::BIGINT AS bytes_in,
                (hash(i + 4) %% 20000)::BIGINT AS bytes_out,
                micros(i, 7) AS total_us, 0::INTEGER AS queue_us,
                CASE WHEN chance(i, 7) < 0.01 THEN 300 END::INTEGER AS connect_us,
                NULL::INTEGER AS tls_us, micros(i, 6.9) AS first_byte_us, 1::INTEGER AS tries,
                'agent ' || hash(i + 9) %% 300 AS user_agent, NULL::VARCHAR AS trace_id,
                1::FLOAT AS weight
              FROM range(%d, %d) t(i))
            TO '%s/%06d.parquet' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 131072)
            """
                .formatted(rows, rows * file / files, rows * (file + 1) / files, day, file));
      }
    }
  }
}
