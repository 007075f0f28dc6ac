package io.fairlead.record.sql;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Lets through one statement that reads: SELECT, WITH, FROM, VALUES, DESCRIBE, SUMMARIZE, SHOW, and
 * EXPLAIN of those.
 *
 * <p>The engine's own parser decides, so that there are no two opinions about where a comment or a
 * string ends: {@code json_serialize_sql} gives a statement as a tree and knows none but those. It
 * is then asked which functions make tables there. Their list is short and closed, because some of
 * the others do: {@code enable_logging}, for one, is a function whose call in a SELECT writes files
 * into every folder that the engine may read, locked settings or not. And a table may not be called
 * as a file is: the engine would read that.
 */
final class SqlGuard implements AutoCloseable {
  /** Functions that make tables out of nothing but their arguments, or tell about columns. */
  private static final Set<String> TABLE_FUNCTIONS =
      Set.of(
          "range",
          "generate_series",
          "generate_subscripts",
          "unnest",
          "repeat",
          "repeat_row",
          "json_each",
          "json_tree",
          "regexp_split_to_table",
          "duckdb_columns",
          "duckdb_functions",
          "duckdb_keywords",
          "duckdb_tables",
          "duckdb_types",
          "duckdb_views",
          "pragma_version");

  private static final Pattern EXPLAIN =
      Pattern.compile("(?i)\\s*EXPLAIN(?:\\s+ANALYZE)?\\b(?!\\s*\\()");

  private static final String LOOK =
      """
      WITH parsed AS MATERIALIZED (SELECT json_serialize_sql(?::VARCHAR) AS tree)
      SELECT json_extract_string(tree, '$.error_message') AS objection,
             json_extract_string(tree, '$.position') AS position,
             json_array_length(tree, '$.statements') AS statements,
             (SELECT string_agg(DISTINCT coalesce(
                         lower(json_extract_string(node.value, '$.function.function_name')), '?'),
                         ' ')
              FROM json_tree(parsed.tree) AS node
              WHERE node.type = 'OBJECT'
                AND json_extract_string(node.value, '$.type') = 'TABLE_FUNCTION') AS functions,
             (SELECT min(json_extract_string(node.value, '$.table_name'))
              FROM json_tree(parsed.tree) AS node
              WHERE node.type = 'OBJECT'
                AND json_extract_string(node.value, '$.type') = 'BASE_TABLE'
                AND regexp_matches(json_extract_string(node.value, '$.table_name'), '[./]'))
               AS file
      FROM parsed
      """;

  private static final String READS_ONLY =
      "Only one statement that reads is answered: SELECT, WITH, FROM, DESCRIBE, SUMMARIZE, SHOW or"
          + " EXPLAIN of those";

  private final PreparedStatement look;

  SqlGuard(Connection connection) throws SQLException {
    look = connection.prepareStatement(LOOK);
  }

  /** What is against asking this, or null. */
  QueryOutcome.@Nullable Wrong check(String sql) throws SQLException {
    Matcher explain = EXPLAIN.matcher(sql);
    int skipped = explain.lookingAt() ? explain.end() : 0;
    look.setString(1, sql.substring(skipped));
    try (ResultSet tree = look.executeQuery()) {
      if (!tree.next()) {
        throw new SQLException("no tree");
      }
      String objection = tree.getString(1);
      if (objection != null) {
        return objection(objection, tree.getString(2), skipped);
      }
      if (tree.getLong(3) != 1) {
        return new QueryOutcome.Wrong(READS_ONLY + ".", 0);
      }
      String functions = tree.getString(4);
      if (functions != null) {
        for (String function : functions.split(" ", -1)) {
          if (!TABLE_FUNCTIONS.contains(function)) {
            return new QueryOutcome.Wrong(
                "The function "
                    + function
                    + " makes no table here; these do: "
                    + String.join(", ", new TreeSet<>(TABLE_FUNCTIONS))
                    + ".",
                Math.max(0, sql.toLowerCase(java.util.Locale.ROOT).indexOf(function) + 1));
          }
        }
      }
      String file = tree.getString(5);
      return file == null
          ? null
          : new QueryOutcome.Wrong(
              "There is no table " + file + ", and files cannot be read by name.", 0);
    }
  }

  private static QueryOutcome.Wrong objection(
      String objection, @Nullable String position, int skipped) {
    if (objection.startsWith("Only SELECT statements")) {
      return new QueryOutcome.Wrong(READS_ONLY + ".", 0);
    }
    int at = position == null || !position.matches("[0-9]{1,9}") ? 0 : Integer.parseInt(position);
    return new QueryOutcome.Wrong(
        Character.toUpperCase(objection.charAt(0)) + objection.substring(1) + ".",
        position == null ? 0 : skipped + at + 1);
  }

  @Override
  public void close() throws SQLException {
    look.close();
  }
}
