package io.fairlead.record.sql;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;

/** Writes Parquet files as a recorder would, by DuckDB itself. */
public final class ParquetFiles {
  private ParquetFiles() {}

  /** The rows of a SELECT, as one part of a table. */
  public static Path write(Path records, String table, String part, String select)
      throws IOException, SQLException {
    Path file = records.resolve(table).resolve("2026-11-26").resolve(part + ".parquet");
    Files.createDirectories(file.getParent());
    try (Connection connection = DriverManager.getConnection("jdbc:duckdb:");
        Statement statement = connection.createStatement()) {
      statement.execute("SET threads = 1");
      statement.execute(
          "COPY (" + select + ") TO '" + file + "' (FORMAT parquet, COMPRESSION zstd)");
    }
    return file;
  }

  /**
   * So many requests: one a millisecond up to {@code end}, dealt to the nodes a, b and c, every
   * hundredth of b a 503.
   */
  public static String requests(int count, String end) {
    return """
    SELECT printf('%%08x', i) AS id,
      TIMESTAMP '%s' - to_milliseconds(%d - 1 - i) AS time,
      'one' AS instance, 'web' AS listener, 'web-' || i %% 2 AS route, 'shop' AS service,
      chr(97 + (i %% 3)::INTEGER) AS node, '10.0.' || i %% 7 || '.0' AS client, 'GET' AS method,
      'shop.example' AS host, '/item/' || i %% 50 AS path, 'http/1.1' AS protocol,
      CASE WHEN i %% 300 = 1 THEN 503 ELSE 200 END::SMALLINT AS status,
      CASE WHEN i %% 300 = 1 THEN 'upstream-timeout' END AS error,
      100::BIGINT AS bytes_in, (i * 10)::BIGINT AS bytes_out,
      (1 + i)::INTEGER AS total_us, 0::INTEGER AS queue_us, NULL::INTEGER AS connect_us,
      NULL::INTEGER AS tls_us, i::INTEGER AS first_byte_us, 1::INTEGER AS tries,
      'agent' AS user_agent, NULL::VARCHAR AS trace_id, 1::FLOAT AS weight
    FROM range(%d) t(i)
    """
        .formatted(end, count, count);
  }
}
