package io.fairlead.record.sql;

import io.fairlead.record.sql.QueryOutcome.Answered;
import io.fairlead.record.sql.QueryOutcome.Column;
import io.fairlead.record.sql.QueryOutcome.TooMuch;
import io.fairlead.record.sql.QueryOutcome.Unavailable;
import io.fairlead.record.sql.QueryOutcome.Wrong;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The engine with its views of the records; in its own process only.
 *
 * <p>It reads the folder of records and nothing else, takes no other settings once it is open, and
 * has no folder to spill into: what does not fit its memory is refused. Rows are fetched as they
 * are wanted, so that a question for everything costs no more than the bounds of an answer.
 */
final class QueryEngine implements AutoCloseable {
  /** Of a message; engines repeat what they were asked. */
  private static final int MAX_MESSAGE = 16 * 1024;

  private static final Pattern LINE = Pattern.compile("\n+LINE ([0-9]+): (.*)\n( *)\\^");

  /**
   * Quantiles of logarithmic buckets, eight per octave, with the place in the bucket estimated. An
   * exact quantile keeps every value of every group; this keeps a count per bucket, as many as a
   * group has sizes of values, and is off by at most a bucket: 9 %, in the middle of many values
   * far less. Zero and less count as zero.
   */
  private static final List<String> MACROS =
      List.of(
          """
          CREATE MACRO log_quantile(buckets, q) AS list_reduce(
            map_entries(buckets),
            lambda rest, bucket: CASE WHEN rest.value = 0 THEN rest ELSE struct_pack(
                key := CASE WHEN rest.value > bucket.value THEN bucket.key
                            ELSE bucket.key - 1.0 + rest.value::DOUBLE / bucket.value END,
                value := CASE WHEN rest.value > bucket.value THEN rest.value - bucket.value
                              ELSE 0 END) END,
            struct_pack(key := 0::DOUBLE,
                value := greatest(1, ceil(list_sum(map_values(buckets)) * q))::UBIGINT)).key
          """,
          """
          CREATE MACRO four_digits(x) AS CASE
            WHEN x < 1e-30 THEN 0 ELSE round(x, (3 - floor(log10(x)))::INTEGER) END
          """,
          """
          CREATE MACRO p(x, q) AS four_digits(power(2, log_quantile(
            histogram(CASE WHEN x > 0 THEN ceil(log2(x) * 8)::SMALLINT
                           WHEN x <= 0 THEN -2000 END)::MAP(DOUBLE, UBIGINT), q) / 8))
          """,
          "CREATE MACRO p50(x) AS p(x, 0.5)",
          "CREATE MACRO p75(x) AS p(x, 0.75)",
          "CREATE MACRO p90(x) AS p(x, 0.9)",
          "CREATE MACRO p95(x) AS p(x, 0.95)",
          "CREATE MACRO p99(x) AS p(x, 0.99)",
          "CREATE MACRO p999(x) AS p(x, 0.999)",
          "CREATE MACRO ago(span) AS now()::TIMESTAMP - span::INTERVAL");

  private final Path records;
  private final Connection connection;
  private final SqlGuard guard;
  private final int answerBytes;
  private final Map<RecordTable, Boolean> shown = new EnumMap<>(RecordTable.class);
  private volatile @Nullable Statement running;
  private boolean broken;

  private QueryEngine(Path records, Connection connection, SqlGuard guard, int answerBytes) {
    this.records = records;
    this.connection = connection;
    this.guard = guard;
    this.answerBytes = answerBytes;
  }

  static QueryEngine open(Path records, int memoryMiB, int threads, int answerBytes)
      throws SQLException {
    Properties properties = new Properties();
    properties.setProperty("jdbc_stream_results", "true");
    Connection connection = DriverManager.getConnection("jdbc:duckdb:", properties);
    try (Statement statement = connection.createStatement()) {
      for (String each : settings(records, memoryMiB, threads)) {
        statement.execute(each);
      }
      for (String macro : MACROS) {
        statement.execute(macro);
      }
    }
    return new QueryEngine(records, connection, new SqlGuard(connection), answerBytes);
  }

  /** The last two shut the door behind the others. */
  private static List<String> settings(Path records, int memoryMiB, int threads) {
    return List.of(
        "SET memory_limit = '" + memoryMiB + "MiB'",
        "SET threads = " + threads,
        "SET temp_directory = ''",
        "SET preserve_insertion_order = false",
        "SET TimeZone = 'UTC'",
        "SET autoinstall_known_extensions = false",
        "SET autoload_known_extensions = false",
        "SET allow_community_extensions = false",
        "SET allow_persistent_secrets = false",
        "SET allowed_directories = ["
            + literal(records + "/")
            + ", "
            + literal(escaped(records.toString()) + "/") // it looks at a pattern before its files
            + "]",
        "SET enable_external_access = false",
        "SET lock_configuration = true");
  }

  /** Answers a question; where files vanish meanwhile, or differ, those there are now are asked. */
  QueryOutcome answer(String sql, int rows) {
    try {
      Wrong objection = guard.check(sql);
      if (objection != null) {
        return objection;
      }
      try {
        return run(sql, rows);
      } catch (SQLException e) {
        if (!isAboutFiles(message(e)) && !message(e).contains("Contents of view were altered")) {
          throw e;
        }
        shown.clear(); // files with other columns have come or gone, too
        return run(sql, rows);
      }
    } catch (SQLException e) {
      String message = message(e);
      if (message.startsWith("INTERNAL") || message.startsWith("FATAL")) {
        broken = true;
        return new Unavailable("A mistake of the engine's own: " + first(message));
      }
      return outcome(message);
    } catch (OutOfMemoryError | NullPointerException _) {
      // The driver makes strings in native code, and goes on with none where there is no room.
      return new TooMuch("Values of the answer are too large to be shown.");
    }
  }

  /** It has found itself in a state that it cannot go on from. */
  boolean isBroken() {
    return broken;
  }

  /** Ends what runs, soon. Any thread. */
  void cancel() {
    Statement present = running;
    if (present != null) {
      try {
        present.cancel();
      } catch (SQLException _) {
        // It is over, or the process will be killed.
      }
    }
  }

  private QueryOutcome run(String sql, int rows) throws SQLException {
    long start = System.nanoTime();
    showViews();
    try (Statement statement = connection.createStatement()) {
      running = statement;
      try (ResultSet result = statement.executeQuery(sql)) {
        List<Column> columns = columns(result.getMetaData());
        JsonRows json = new JsonRows(answerBytes);
        boolean truncated = false;
        while (!truncated && result.next()) {
          truncated =
              json.count() == rows
                  || !json.add(columns.size(), column -> value(result, columns, column));
        }
        return new Answered(
            columns, json.count(), json.end(), truncated, System.nanoTime() - start);
      } finally {
        running = null;
      }
    }
  }

  private static List<Column> columns(ResultSetMetaData meta) throws SQLException {
    List<Column> columns = new ArrayList<>();
    for (int i = 1; i <= meta.getColumnCount(); i++) {
      columns.add(new Column(meta.getColumnLabel(i), meta.getColumnTypeName(i)));
    }
    return columns;
  }

  /** The driver's own kind of time would depend on where this process thinks it is. */
  private static @Nullable Object value(ResultSet result, List<Column> columns, int column)
      throws SQLException {
    return columns.get(column - 1).type().equals("TIMESTAMP")
        ? result.getObject(column, LocalDateTime.class)
        : result.getObject(column);
  }

  /** A view of every table: of no row while there is no file, which the engine takes for wrong. */
  private void showViews() throws SQLException {
    for (RecordTable table : RecordTable.values()) {
      boolean filled = hasFiles(records.resolve(table.sqlName()));
      Boolean before = shown.get(table);
      if (before == null || before != filled) {
        String files =
            escaped(records.toString())
                + "/"
                + table.sqlName()
                + "/[!.]*/[!.]*.parquet"; // what begins with a dot is being written
        try (Statement statement = connection.createStatement()) {
          statement.execute(
              "CREATE OR REPLACE VIEW "
                  + table.sqlName()
                  + " AS "
                  + table.emptySql()
                  + (filled
                      ? " UNION ALL BY NAME SELECT * FROM read_parquet("
                          + literal(files)
                          + ", union_by_name = true)"
                      : ""));
        }
        shown.put(table, filled);
      }
    }
  }

  private static boolean hasFiles(Path table) {
    try (DirectoryStream<Path> days = Files.newDirectoryStream(table, QueryEngine::isWhole)) {
      for (Path day : days) {
        try (DirectoryStream<Path> parts = Files.newDirectoryStream(day, "[!.]*.parquet")) {
          if (parts.iterator().hasNext()) {
            return true;
          }
        } catch (NotDirectoryException | NoSuchFileException _) {
          // Not a day, or one that has just ended.
        }
      }
    } catch (IOException _) {
      // No such table yet.
    }
    return false;
  }

  private static boolean isWhole(Path path) {
    return !String.valueOf(path.getFileName()).startsWith(".");
  }

  private static QueryOutcome outcome(String message) {
    if (message.startsWith("Out of Memory Error")) {
      return new TooMuch(
          "The question needs more memory than it may have. "
              + first(message)
              + " Ask for less at once: a shorter time, fewer groups, p99(x) instead of an exact"
              + " quantile.");
    }
    if (message.startsWith("INTERRUPT")) {
      return new TooMuch("The question was ended.");
    }
    if (isAboutFiles(message)) {
      return new Unavailable("The records cannot be read: " + first(message));
    }
    return new Wrong(message, position(message));
  }

  private static String first(String message) {
    String line = message.lines().findFirst().orElse("");
    return line.endsWith(".") ? line : line + ".";
  }

  private static boolean isAboutFiles(String message) {
    return message.startsWith("IO Error");
  }

  /** Where the engine points at, if it shows the whole line. */
  private static int position(String message) {
    Matcher line = LINE.matcher(message);
    if (!line.find() || line.group(2).startsWith("...") || !line.group(1).equals("1")) {
      return 0;
    }
    return Math.max(0, line.group(3).length() - ("LINE " + line.group(1) + ": ").length() + 1);
  }

  private static String message(SQLException e) {
    String message = String.valueOf(e.getMessage());
    return message.length() > MAX_MESSAGE ? message.substring(0, MAX_MESSAGE) : message;
  }

  /** A path in which stars and the like stand for themselves. */
  private static String escaped(String path) {
    return path.replaceAll("([*?\\[])", "[$1]");
  }

  static String literal(String text) {
    return "'" + text.replace("'", "''") + "'";
  }

  @Override
  public void close() throws SQLException {
    guard.close();
    connection.close();
  }
}
