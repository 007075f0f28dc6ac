package io.fairlead.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;

/** Asks the request records: by a condition, by SQL, or for the most frequent values. */
@Command(
    description = "Ask the request records.",
    footer = {
      "",
      "A condition compares fields by =, !=, <, <=, >, >=, ~ (contains) and !~,",
      "joined by and, or, not and parentheses:",
      "  fairlead logs --since 5m --where 'status>=500 and node=\"b\"'",
      "  fairlead logs --where 'total_us>500ms and not path~/report' --facet route,node",
      "  fairlead logs --follow --where 'status>=500'",
      "  fairlead logs --sql 'SELECT route, count(*), p99(total_us) FROM requests GROUP BY ALL'"
    })
final class LogsVerb extends RemoteVerb {
  /** What a line on a terminal shows of a request; --json and SQL show all. */
  private static final List<String> SHOWN =
      List.of(
          "time",
          "client",
          "method",
          "host",
          "path",
          "status",
          "error",
          "node",
          "tries",
          "total_us");

  private static final Set<String> NUMBERS =
      Set.of(
          "TINYINT",
          "SMALLINT",
          "INTEGER",
          "BIGINT",
          "HUGEINT",
          "UTINYINT",
          "USMALLINT",
          "UINTEGER",
          "UBIGINT",
          "FLOAT",
          "DOUBLE");

  private static final int MAX_CELL = 100;

  /** What is the same in each line, or only of use to look it up. */
  private static final Set<String> HIDDEN = Set.of("id", "instance", "weight");

  private static final int MAX_WIDTH = 40;

  @Option(
      names = "--since",
      paramLabel = "TIME",
      description = "From when: 30s, 5m, 2h, 7d ago, or 2026-11-26T10:00:00Z; default 5m.")
  private @Nullable String since;

  @Option(names = "--where", paramLabel = "CONDITION", description = "Which; default all.")
  private @Nullable String where;

  @Option(
      names = "--table",
      paramLabel = "TABLE",
      description = "requests (default), sessions, dns, probes, events or node_logs.")
  private @Nullable String table;

  @Option(
      names = "--limit",
      paramLabel = "N",
      description = "Rows, at most 10000; default 100, with --sql 10000; values with --facet.")
  private @Nullable Integer limit;

  @Option(
      names = "--facet",
      paramLabel = "FIELD",
      split = ",",
      description = "The most frequent values of these fields with their shares, instead.")
  private List<String> facets = List.of();

  @Option(
      names = "--sql",
      paramLabel = "SQL",
      description = "One statement that reads, over all tables; needs the role analyst.")
  private @Nullable String sql;

  @Option(
      names = "--follow",
      description = "Print records as they come, at most 200 a second; goes with --where, --table.")
  private boolean follow;

  /** So wide have cells been so far, while they are printed one by one. */
  private int[] widths = {};

  LogsVerb(Cli.World world) {
    super(world);
  }

  @Override
  public Integer call() {
    if (sql != null && (since != null || where != null || table != null || !facets.isEmpty())) {
      throw new Failure(Cli.USAGE, "--sql goes with --limit and --json only");
    }
    if (follow) {
      return follow();
    }
    AdminClient.Reply reply = ask(client().patient());
    if (json()) {
      terminal().line(reply.body());
      return Cli.DONE;
    }
    print(reply.json());
    return Cli.DONE;
  }

  private Integer follow() {
    if (sql != null || since != null || limit != null || !facets.isEmpty()) {
      throw new Failure(Cli.USAGE, "--follow goes with --where, --table and --json only");
    }
    StringBuilder query = new StringBuilder();
    add(query, "where", where);
    add(query, "table", table);
    client()
        .follow(
            "/api/v1/records/tail" + query,
            (event, data) -> {
              switch (event) {
                case "row" -> terminal().line(json() ? data : line(AdminClient.read(data)));
                case "skipped" -> {
                  if (!json()) {
                    terminal()
                        .line("(" + number(AdminClient.read(data), "rows") + " more, too many)");
                  }
                }
                default -> {}
              }
            });
    throw new Failure(
        Cli.FAILED, "the instance ended the stream: it stops, or lines were taken too slowly");
  }

  /** Cells are as wide as the widest so far. */
  private String line(JsonNode row) {
    boolean requests = table == null || table.equals("requests");
    List<String> names = new ArrayList<>();
    for (String name : row.propertyNames()) {
      if (requests ? SHOWN.contains(name) : !HIDDEN.contains(name)) {
        names.add(name);
      }
    }
    if (widths.length == 0) {
      widths = new int[names.size()];
    }
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < names.size(); i++) {
      String cell = cell(row.get(names.get(i)));
      widths[i] = Math.max(widths[i], Math.min(cell.length(), MAX_WIDTH));
      line.append(cell).append(" ".repeat(Math.max(0, widths[i] - cell.length()))).append("  ");
    }
    return line.toString().stripTrailing();
  }

  private AdminClient.Reply ask(AdminClient client) {
    StringBuilder query = new StringBuilder();
    add(query, "since", since);
    add(query, "where", where);
    add(query, "table", table);
    add(query, "limit", limit == null ? null : limit.toString());
    if (sql != null) {
      return AdminClient.expect(
          client.send("POST", "/api/v1/query" + query, "application/sql", sql));
    }
    facets.forEach(field -> add(query, "field", field));
    return client.get("/api/v1/records" + (facets.isEmpty() ? "" : "/facets") + query);
  }

  private void print(JsonNode answer) {
    List<String> titles = new ArrayList<>();
    List<Integer> shown = new ArrayList<>();
    boolean requests =
        sql == null && facets.isEmpty() && (table == null || table.equals("requests"));
    JsonNode columns = answer.get("columns");
    for (int i = 0; i < columns.size(); i++) {
      String name = text(columns.get(i), "name");
      if (!requests || SHOWN.contains(name)) {
        shown.add(i);
        boolean right = NUMBERS.contains(text(columns.get(i), "type"));
        titles.add(
            (right ? ">" : "")
                + clean(sql == null ? name.toUpperCase(java.util.Locale.ROOT) : name));
      }
    }
    List<List<String>> rows = new ArrayList<>();
    for (JsonNode row : answer.get("rows")) {
      rows.add(shown.stream().map(i -> cell(row.get(i))).toList());
    }
    terminal().table(titles, rows);
    if (answer.get("truncated").booleanValue()) {
      terminal().line("(only the first " + rows.size() + "; there are more)");
    }
  }

  private static String cell(JsonNode value) {
    String text = value.isNull() ? "-" : value.isString() ? value.stringValue() : value.toString();
    String clean = clean(text);
    return clean.length() > MAX_CELL ? clean.substring(0, MAX_CELL - 1) + "…" : clean;
  }

  /** What clients sent must not speak to the terminal. */
  private static String clean(String text) {
    return text.replaceAll("\\p{C}", "·");
  }
}
