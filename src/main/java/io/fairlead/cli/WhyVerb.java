package io.fairlead.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;

/** Says what goes wrong and why, or what some requests have in common that others have not. */
@Command(
    description = "Say what goes wrong and why, or what distinguishes some requests from others.",
    footer = {
      "",
      "Without options: incidents that go on, and what failed requests of the last",
      "five minutes have in common.",
      "  fairlead why --since 15m --bad slow",
      "  fairlead why --bad 'status=503' --where 'service=\"shop\"'",
      "  fairlead why --where 'client=\"10.0.0.7\"' --against before"
    })
final class WhyVerb extends RemoteVerb {
  private static final int FIELDS = 8;
  private static final int VALUES = 3;

  /** So many times more frequent than among others; what is not is of no use here. */
  private static final double TELLING = 1.1;

  @Option(
      names = "--since",
      paramLabel = "TIME",
      description = "From when: 30s, 5m, 2h, 7d ago, or 2026-11-26T10:00:00Z; default 5m.")
  private @Nullable String since;

  @Option(names = "--until", paramLabel = "TIME", description = "To when; default now.")
  private @Nullable String until;

  @Option(
      names = "--where",
      paramLabel = "CONDITION",
      description = "Which requests; with --bad, which are looked at.")
  private @Nullable String where;

  @Option(
      names = "--bad",
      paramLabel = "WHICH",
      description = "errors (default), slow, or a condition: those to explain.")
  private @Nullable String bad;

  @Option(
      names = "--against",
      paramLabel = "WHAT",
      description = "rest (default): the others of that time; before: the time just before.")
  private @Nullable String against;

  WhyVerb(Cli.World world) {
    super(world);
  }

  @Override
  public Integer call() {
    StringBuilder query = new StringBuilder();
    add(query, "from", since);
    add(query, "to", until);
    add(query, "where", where);
    add(query, "bad", bad);
    add(query, "against", against);
    AdminClient client = client().patient();
    boolean plain = query.isEmpty();
    JsonNode incidents = plain && !json() ? client.get("/api/v1/incidents").json() : null;
    AdminClient.Reply reply = client.get("/api/v1/why" + query);
    if (json()) {
      terminal().line(reply.body());
      return Cli.DONE;
    }
    if (incidents != null) {
      printIncidents(incidents);
    }
    print(reply.json(), plain);
    return Cli.DONE;
  }

  private void printIncidents(JsonNode answer) {
    int open = 0;
    for (JsonNode incident : answer.get("incidents")) {
      if (text(incident, "state").equals("open")) {
        terminal().line(text(incident, "level") + ": " + clean(text(incident, "text")));
        open++;
      }
    }
    if (open == 0) {
      terminal()
          .line(
              answer.get("enough").booleanValue()
                  ? "No incident goes on."
                  : "No incident is known; there is not enough traffic yet to tell what is usual.");
    }
    terminal().line("");
  }

  private void print(JsonNode answer, boolean plain) {
    boolean none = plain && answer.get("selection").get("requests").longValue() == 0;
    terminal()
        .line(none ? "No request of the last five minutes failed." : clean(text(answer, "text")));
    List<List<String>> rows = new ArrayList<>();
    int fields = 0;
    for (JsonNode field : answer.get("fields")) {
      if (++fields > FIELDS) {
        break;
      }
      int values = 0;
      for (JsonNode value : field.get("values")) {
        boolean telling = real(value, "selection") > TELLING * real(value, "rest");
        if (++values > VALUES || !telling) {
          break;
        }
        rows.add(
            List.of(
                text(field, "name"),
                clean(text(value, "value")),
                percent(real(value, "selection")),
                percent(real(value, "rest"))));
      }
    }
    for (JsonNode pair : answer.get("pairs")) {
      List<String> words = new ArrayList<>();
      pair.get("fields")
          .properties()
          .forEach(each -> words.add(each.getKey() + "=" + each.getValue().asString()));
      rows.add(
          List.of(
              "both",
              clean(String.join(" ", words)),
              percent(real(pair, "selection")),
              percent(real(pair, "rest"))));
    }
    if (!rows.isEmpty()) {
      terminal().table(List.of("FIELD", "VALUE", ">SELECTED", ">OTHERS"), rows);
    }
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.1f %%", 100 * share);
  }

  /** What clients sent must not speak to the terminal. */
  private static String clean(String text) {
    return text.replaceAll("\\p{C}", "·");
  }
}
