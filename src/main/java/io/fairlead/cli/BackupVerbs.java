package io.fairlead.cli;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/** What is asked about backups of databases, and has them made and tried. */
final class BackupVerbs {
  private static final long LOOK_MILLIS = 500;

  private BackupVerbs() {}

  static String path(String database) {
    return "/api/v1/databases/" + AdminClient.segment(database) + "/backups";
  }

  @Command(description = "Backups of a database: what can be restored, and what was proven.")
  static final class Backups extends RemoteVerb {
    @Parameters(index = "0", paramLabel = "DATABASE", description = "Its name.")
    private String database = "";

    Backups(Cli.World world) {
      super(world);
    }

    @Override
    public Integer call() {
      AdminClient.Reply reply = client().get(path(database));
      if (json()) {
        terminal().line(reply.body());
      } else {
        show(terminal(), reply.json());
      }
      return Cli.DONE;
    }
  }

  @Command(description = "Make a backup of a database now, and wait for it.")
  static final class Backup extends Job {
    Backup(Cli.World world) {
      super(world, "");
    }

    @Override
    String outcome(JsonNode before, JsonNode after) {
      if (number(after, "failed") > number(before, "failed")) {
        throw new Failure(Cli.FAILED, text(after, "failure"));
      }
      JsonNode copies = after.get("copies");
      if (copies.isEmpty() || newest(copies).equals(newest(before.get("copies")))) {
        return "";
      }
      JsonNode last = copies.get(copies.size() - 1);
      return "backup "
          + text(last, "id")
          + ", "
          + size(number(last, "bytes"))
          + " from "
          + text(last, "from")
          + ", made and verified";
    }

    private static String newest(JsonNode copies) {
      return copies.isEmpty() ? "" : text(copies.get(copies.size() - 1), "id");
    }
  }

  @Command(description = "Restore the backups of a database for trial now, and wait for it.")
  static final class Drill extends Job {
    Drill(Cli.World world) {
      super(world, "/drill");
    }

    @Override
    String outcome(JsonNode before, JsonNode after) {
      JsonNode drills = after.get("drills");
      if (drills.isEmpty() || start(drills).equals(start(before.get("drills")))) {
        return "";
      }
      JsonNode last = drills.get(drills.size() - 1);
      if (!last.get("passed").booleanValue()) {
        throw new Failure(Cli.FAILED, text(last, "text"));
      }
      return "proven: "
          + moment(number(last, "point"))
          + " can be restored, in "
          + seconds(number(last, "millis"))
          + "; "
          + text(last, "text");
    }

    private static String start(JsonNode drills) {
      return drills.isEmpty() ? "" : text(drills.get(drills.size() - 1), "started");
    }
  }

  /** Something that takes long: begun, looked at until it is done. */
  abstract static class Job extends RemoteVerb {
    private final String what;

    @Parameters(index = "0", paramLabel = "DATABASE", description = "Its name.")
    private String database = "";

    @Option(names = "--no-wait", description = "Do not wait for it.")
    private boolean noWait;

    Job(Cli.World world, String what) {
      super(world);
      this.what = what;
    }

    /** What has come of it; empty: nothing yet. */
    abstract String outcome(JsonNode before, JsonNode after);

    @Override
    public Integer call() {
      AdminClient client = client();
      JsonNode before = client.get(path(database)).json();
      JsonNode _ = client.post(path(database) + what).json();
      if (noWait) {
        terminal().line("it will be done");
        return Cli.DONE;
      }
      String shown = "";
      while (true) {
        AdminClient.Reply reply = client.get(path(database));
        JsonNode after = reply.json();
        String doing = text(after, "doing");
        if (!doing.equals("-") && !doing.equals(shown) && !json()) {
          shown = doing;
          terminal().line("  " + doing);
        }
        String outcome = outcome(before, after);
        if (!outcome.isEmpty()) {
          terminal().line(json() ? reply.body() : outcome);
          return Cli.DONE;
        }
        try {
          Thread.sleep(LOOK_MILLIS);
        } catch (InterruptedException _) {
          Thread.currentThread().interrupt();
          throw new Failure(Cli.FAILED, "no longer waited for");
        }
      }
    }
  }

  private static void show(Terminal out, JsonNode backups) {
    String alarm = text(backups, "alarm");
    out.line(
        text(backups, "database")
            + ": backups in "
            + text(backups, "folder")
            + (backups.get("acting").booleanValue()
                ? ""
                : " (not taken care of by this instance)"));
    String from = text(backups, "from");
    out.line(
        from.equals("-")
            ? "log: not coming in" + because(text(backups, "trouble"))
            : "log: from "
                + from
                + ", up to "
                + text(backups, "position")
                + " of timeline "
                + text(backups, "timeline")
                + ", "
                + size(number(backups, "lagBytes"))
                + " and "
                + seconds(number(backups, "lagMillis"))
                + " behind");
    if (!alarm.equals("-")) {
      out.line("ALARM: " + alarm);
    }
    JsonNode copies = backups.get("copies");
    out.line(
        copies.isEmpty()
            ? "nothing can be restored yet"
            : "restorable: from "
                + moment(number(backups, "earliest"))
                + " to "
                + moment(number(backups, "latest")));
    for (JsonNode gap : backups.get("gaps")) {
      out.line("GAP: " + gap.asString());
    }
    long proven = number(backups, "proven");
    out.line(
        proven == 0
            ? "proven: nothing yet; fairlead db drill " + text(backups, "database")
            : "proven: " + moment(proven) + " has been restored by a drill");
    String doing = text(backups, "doing");
    if (!doing.equals("-")) {
      out.line("now: " + doing);
    }
    String failure = text(backups, "failure");
    if (!failure.equals("-")) {
      out.line("the last backup failed: " + failure);
    }
    copies(out, copies);
    drills(out, backups.get("drills"));
  }

  private static String because(String trouble) {
    return trouble.equals("-") ? "" : ": " + trouble;
  }

  private static void copies(Terminal out, JsonNode copies) {
    List<List<String>> rows = new ArrayList<>();
    for (JsonNode copy : copies) {
      String missing = RemoteVerb.text(copy, "missing");
      String damaged = RemoteVerb.text(copy, "damaged");
      rows.add(
          List.of(
              RemoteVerb.text(copy, "id"),
              RemoteVerb.text(copy, "since").equals("-") ? "full" : "incremental",
              RemoteVerb.text(copy, "from"),
              size(RemoteVerb.number(copy, "bytes")),
              seconds(RemoteVerb.number(copy, "ended") - RemoteVerb.number(copy, "started")),
              RemoteVerb.text(copy, "timeline"),
              moment(RemoteVerb.number(copy, "ended")),
              moment(RemoteVerb.number(copy, "to")),
              !damaged.equals("-")
                  ? "DAMAGED: " + damaged
                  : !missing.equals("-")
                      ? "then " + missing + " is missing"
                      : RemoteVerb.text(copy, "note").replaceFirst("^-$", "")));
    }
    if (!rows.isEmpty()) {
      out.line("");
      out.table(
          List.of("BACKUP", "TYPE", "OF", ">SIZE", ">TOOK", ">TIMELINE", "RESTORES FROM", "TO", ""),
          rows);
    }
  }

  private static void drills(Terminal out, JsonNode drills) {
    List<List<String>> rows = new ArrayList<>();
    for (int i = Math.max(0, drills.size() - 5); i < drills.size(); i++) {
      JsonNode drill = drills.get(i);
      boolean passed = drill.get("passed").booleanValue();
      rows.add(
          List.of(
              moment(RemoteVerb.number(drill, "started")),
              passed ? "good" : "bad",
              seconds(RemoteVerb.number(drill, "millis")),
              passed ? moment(RemoteVerb.number(drill, "point")) : "-",
              RemoteVerb.text(drill, "text")));
    }
    if (!rows.isEmpty()) {
      out.line("");
      out.table(List.of("DRILL", "IS", ">TOOK", "PROVES", "WHAT"), rows);
    }
  }

  private static String text(JsonNode node, String key) {
    return RemoteVerb.text(node, key);
  }

  private static long number(JsonNode node, String key) {
    return RemoteVerb.number(node, key);
  }

  static String moment(@Nullable Long millis) {
    return millis == null || millis == 0
        ? "-"
        : Instant.ofEpochMilli(millis).truncatedTo(ChronoUnit.SECONDS).toString();
  }

  static String seconds(long millis) {
    return String.format(Locale.ROOT, "%.1f s", millis / 1000.0);
  }

  static String size(long bytes) {
    return bytes < 1 << 20
        ? String.format(Locale.ROOT, "%.1f KiB", bytes / 1024.0)
        : String.format(Locale.ROOT, "%.1f MiB", bytes / 1048576.0);
  }
}
