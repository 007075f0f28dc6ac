package io.fairlead.cli;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;

/** Says what the nodes' own logs have to say, pattern by pattern. */
@Command(
    description = "Say what nodes log: patterns of lines, what is new, what comes too often.",
    footer = {
      "",
      "Lines of one pattern:",
      "  fairlead logs --table node_logs --where 'pattern=\"1f0c...\"'"
    })
final class PatternsVerb extends RemoteVerb {
  private static final DateTimeFormatter CLOCK =
      DateTimeFormatter.ofPattern("HH:mm:ss", Locale.ROOT).withZone(ZoneOffset.UTC);
  private static final int NAMED = 3;
  private static final int SHOWN = 120;

  @Option(
      names = "--since",
      paramLabel = "TIME",
      description = "From when: 30s, 5m, 1h ago; default 1h, and no more is counted.")
  private @Nullable String since;

  @Option(names = "--service", paramLabel = "NAME", description = "Only lines of this service.")
  private @Nullable String service;

  @Option(names = "--node", paramLabel = "NAME", description = "Only lines of this node.")
  private @Nullable String node;

  @Option(names = "--limit", paramLabel = "N", description = "Patterns, at most 500; default 20.")
  private int limit = 20;

  PatternsVerb(Cli.World world) {
    super(world);
  }

  @Override
  public Integer call() {
    StringBuilder query = new StringBuilder();
    add(query, "limit", Integer.toString(limit));
    add(query, "from", since);
    add(query, "service", service);
    add(query, "node", node);
    AdminClient.Reply reply = client().get("/api/v1/patterns" + query);
    if (json()) {
      terminal().line(reply.body());
      return Cli.DONE;
    }
    print(reply.json());
    return Cli.DONE;
  }

  private void print(JsonNode answer) {
    JsonNode patterns = answer.get("patterns");
    if (patterns.isEmpty()) {
      terminal().line("No line of a node's log has come; logs.ingest names where they come from.");
      return;
    }
    int stand = 0;
    for (JsonNode pattern : patterns) {
      for (String sentence : sentences(pattern)) {
        terminal().line(sentence);
        stand++;
      }
    }
    if (stand > 0) {
      terminal().line("");
    }
    List<List<String>> rows = new ArrayList<>();
    for (JsonNode pattern : patterns) {
      rows.add(
          List.of(
              Long.toString(number(pattern, "lines")),
              String.format(Locale.ROOT, "%.1f %%", 100 * real(pattern, "share")),
              clock(pattern, "last"),
              clean(levels(pattern)),
              clean(who(pattern)),
              text(pattern, "id"),
              shown(pattern)));
    }
    terminal()
        .table(List.of(">LINES", ">SHARE", "LAST", "LEVEL", "NODES", "PATTERN", "TEXT"), rows);
    if (number(answer, "left") > 0) {
      terminal().line("(" + number(answer, "left") + " more)");
    }
  }

  private static List<String> sentences(JsonNode pattern) {
    List<String> sentences = new ArrayList<>();
    if (pattern.get("fresh").booleanValue()) {
      sentences.add(
          "new since "
              + clock(pattern, "first")
              + " UTC, "
              + number(pattern, "lines")
              + " times, "
              + clean(who(pattern))
              + ": "
              + shown(pattern));
    }
    for (JsonNode burst : pattern.get("bursts")) {
      sentences.add(
          number(burst, "lastMinute")
              + " in the last minute, usually "
              + String.format(Locale.ROOT, "%.1f", real(burst, "usual"))
              + ", "
              + clean(text(burst, "service"))
              + ": "
              + shown(pattern));
    }
    return sentences;
  }

  private static String shown(JsonNode pattern) {
    String text = clean(text(pattern, "text"));
    return text.length() > SHOWN ? text.substring(0, SHOWN - 1) + "…" : text;
  }

  private static String clock(JsonNode pattern, String key) {
    return CLOCK.format(Instant.ofEpochMilli(number(pattern, key)));
  }

  private static String levels(JsonNode pattern) {
    List<String> levels = new ArrayList<>();
    pattern.get("levels").properties().forEach(each -> levels.add(each.getKey()));
    levels.remove("");
    return levels.isEmpty() ? "-" : String.join(",", levels);
  }

  /** Such as {@code shop: a, b and 2 more}. */
  private static String who(JsonNode pattern) {
    Map<String, List<String>> nodes = new LinkedHashMap<>();
    for (JsonNode place : pattern.get("nodes")) {
      nodes
          .computeIfAbsent(text(place, "service"), _ -> new ArrayList<>())
          .add(text(place, "node"));
    }
    List<String> words = new ArrayList<>();
    nodes.forEach((name, all) -> {
      int more = all.size() - NAMED;
      words.add(
          (name.isEmpty() ? "-" : name)
              + ": "
              + String.join(", ", all.subList(0, Math.min(NAMED, all.size())))
              + (more > 0 ? " and " + more + " more" : ""));
    });
    return words.isEmpty() ? "-" : String.join("; ", words);
  }

  /** What nodes wrote must not speak to the terminal. */
  private static String clean(String text) {
    return text.replaceAll("\\p{C}", "·");
  }
}
