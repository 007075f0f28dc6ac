package io.fairlead.record;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/** DuckDB, which knows nothing of our writer: what it reads is what is in the files. */
public final class Duck implements AutoCloseable {
  private final Connection connection;

  public Duck() throws SQLException {
    connection = DriverManager.getConnection("jdbc:duckdb:");
    try (Statement statement = connection.createStatement()) {
      statement.execute("set threads = 1");
    }
  }

  /** All rows, each as its values in words, with {@code null} for what is not there. */
  public List<String> rows(String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      int columns = result.getMetaData().getColumnCount();
      List<String> rows = new ArrayList<>();
      while (result.next()) {
        StringBuilder row = new StringBuilder();
        for (int column = 1; column <= columns; column++) {
          row.append(column == 1 ? "" : "|").append(result.getString(column));
        }
        rows.add(row.toString());
      }
      return rows;
    }
  }

  /** The only value of the only row. */
  public String value(String sql) throws SQLException {
    return rows(sql).getFirst();
  }

  /** What stands behind {@code from} for all parts of a table. */
  public static String all(Path data, String table) {
    return "read_parquet('" + data.resolve("records").resolve(table) + "/*/*.parquet')";
  }

  @Override
  public void close() throws SQLException {
    connection.close();
  }
}
