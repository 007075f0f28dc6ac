package io.fairlead.cli;

import io.fairlead.group.storelog.Line;
import io.fairlead.group.storelog.PastStore;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/** The store: small values that are the same in all instances of the group. */
@Command(
    description = "Keys and values that all instances of the group keep.",
    footer = {
      "",
      "  fairlead kv put shop/theme dark",
      "  fairlead kv put shop/theme light --if 4294967312    only if it has that revision",
      "  fairlead kv put shop/lock me --if none --ttl 30s    only if it is not there",
      "  fairlead kv get shop/theme",
      "  fairlead kv list shop/",
      "  fairlead kv watch shop/",
      "  fairlead kv delete shop/theme",
      "  fairlead kv snapshot store.jsonl",
      "  fairlead kv restore store.jsonl",
      "  fairlead kv restore /mnt/backup/store --time 2026-05-02T12:13:14Z --dry-run",
      "  fairlead kv restore /mnt/backup/store --time latest"
    })
final class KvVerb extends RemoteVerb {
  @Parameters(
      index = "0",
      paramLabel = "get|put|delete|list|watch|snapshot|restore",
      description = "What to do.")
  private Action action = Action.LIST;

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "KEY",
      description =
          "The key; for list and watch, what keys begin with; else the file, or the folder of the"
              + " store's log.")
  private String key = "";

  @Parameters(
      index = "2",
      arity = "0..1",
      paramLabel = "VALUE",
      description = "What to put; @FILE: what stands in a file.")
  private @Nullable String value;

  @Option(
      names = "--if",
      paramLabel = "REVISION",
      description = "Only if the key has that revision; none: only if it is not there; any: is.")
  private @Nullable String condition;

  @Option(
      names = "--ttl",
      paramLabel = "TIME",
      description = "End it after that time, such as 30s, unless it is put again.")
  private @Nullable String ttl;

  @Option(names = "--stale", description = "As the instance knows it, without asking a majority.")
  private boolean stale;

  @Option(
      names = "--time",
      paramLabel = "TIME",
      description =
          "Restore the store as it was at this moment, such as 2026-05-02T12:13:14.5Z, or latest,"
              + " from a folder of its log.")
  private @Nullable String time;

  @Option(
      names = "--revision",
      paramLabel = "REVISION",
      description = "The same, as it was right behind this change.")
  private @Nullable Long revision;

  @Option(
      names = "--prefix",
      paramLabel = "PREFIX",
      defaultValue = "",
      description = "With --time or --revision: only keys that begin so.")
  private String prefix = "";

  @Option(
      names = "--incomplete",
      description = "With --time or --revision: though the log does not have all of that moment.")
  private boolean incomplete;

  @Option(
      names = "--dry-run",
      description = "With --time or --revision: say what would change, and change nothing.")
  private boolean dryRun;

  /** What can be done; written in lower case. */
  enum Action {
    GET,
    PUT,
    DELETE,
    LIST,
    WATCH,
    SNAPSHOT,
    RESTORE;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  KvVerb(Cli.World world) {
    super(world);
  }

  @Override
  public Integer call() {
    if (key.isEmpty() && action != Action.LIST && action != Action.WATCH) {
      throw new Failure(
          Cli.USAGE,
          action
              + (action == Action.SNAPSHOT || action == Action.RESTORE
                  ? ": say which file"
                  : ": say which key"));
    }
    switch (action) {
      case GET -> get();
      case PUT -> put(key, given(), ttl, fields());
      case DELETE -> {
        AdminClient.Raw raw = client().exchange("DELETE", path(key), fields(), null).expect();
        terminal().line(json() ? raw.text() : key + " is deleted");
      }
      case LIST -> list();
      case WATCH -> watch();
      case SNAPSHOT -> snapshot(Path.of(key));
      case RESTORE -> {
        Path from = Path.of(key);
        PastStore.Moment moment = moment();
        if (Files.isDirectory(from) != (moment != null)) {
          throw new Failure(
              Cli.USAGE,
              moment == null
                  ? "restore: " + from + " is a folder: say which moment by --time or --revision"
                  : "restore: " + from + " is no folder of a store's log, which --time needs");
        }
        if (moment != null) {
          return restore(from, moment);
        }
        restore(from);
      }
    }
    return Cli.DONE;
  }

  private PastStore.@Nullable Moment moment() {
    String wanted = time;
    Long exact = revision;
    if (wanted != null && exact != null) {
      throw new Failure(Cli.USAGE, "--time and --revision exclude each other");
    }
    if (exact != null) {
      return new PastStore.Moment.Revision(exact);
    }
    if (wanted == null) {
      if (dryRun || incomplete || !prefix.isEmpty()) {
        throw new Failure(
            Cli.USAGE, "--dry-run, --incomplete and --prefix need --time or --revision");
      }
      return null;
    }
    return wanted.equals("latest")
        ? new PastStore.Moment.Latest()
        : new PastStore.Moment.At(RestoreVerb.instant(wanted));
  }

  private static String path(String key) {
    return "/api/v1/kv/" + AdminClient.segment(key);
  }

  private Map<String, String> fields() {
    Map<String, String> fields = new TreeMap<>();
    String wanted = condition;
    if (wanted != null) {
      switch (wanted) {
        case "none" -> fields.put("If-None-Match", "*");
        case "any" -> fields.put("If-Match", "*");
        default -> fields.put("If-Match", "\"" + wanted + "\"");
      }
    }
    return fields;
  }

  private byte[] given() {
    String text = value;
    if (text == null) {
      throw new Failure(Cli.USAGE, "put: say which value; @FILE for one in a file");
    }
    if (!text.startsWith("@")) {
      return text.getBytes(StandardCharsets.UTF_8);
    }
    try {
      return Files.readAllBytes(Path.of(text.substring(1)));
    } catch (IOException _) {
      throw new Failure(Cli.FAILED, "cannot read " + text.substring(1));
    }
  }

  private void get() {
    AdminClient.Raw raw =
        client().exchange("GET", path(key) + (stale ? "?stale=true" : ""), Map.of(), null).expect();
    terminal().line(raw.text());
  }

  private void put(
      String which, byte[] bytes, @Nullable String time, Map<String, String> conditions) {
    AdminClient.Raw raw =
        client()
            .exchange("PUT", path(which) + (time == null ? "" : "?ttl=" + time), conditions, bytes)
            .expect();
    if (action == Action.PUT) {
      terminal()
          .line(
              json()
                  ? raw.text()
                  : which + " has revision " + number(AdminClient.read(raw.text()), "revision"));
    }
  }

  /** All keys, page by page. */
  private List<JsonNode> all(String prefix, boolean values) {
    List<JsonNode> keys = new ArrayList<>();
    String after = "";
    while (true) {
      StringBuilder query = new StringBuilder();
      add(query, "prefix", prefix);
      add(query, "after", after);
      add(query, "values", values ? "true" : null);
      JsonNode page = client().get("/api/v1/kv" + query).json();
      page.get("keys").forEach(keys::add);
      JsonNode next = page.get("next");
      if (next == null || next.isNull()) {
        return keys;
      }
      after = next.stringValue();
    }
  }

  private void list() {
    List<List<String>> rows = new ArrayList<>();
    List<JsonNode> keys = all(key, false);
    if (json()) {
      keys.forEach(each -> terminal().line(each.toString()));
      return;
    }
    for (JsonNode each : keys) {
      rows.add(
          List.of(
              text(each, "key"), text(each, "revision"), text(each, "bytes"), text(each, "ttl")));
    }
    terminal().table(List.of("KEY", ">REVISION", ">BYTES", ">TTL (S)"), rows);
  }

  private void watch() {
    StringBuilder query = new StringBuilder();
    add(query, "prefix", key);
    client()
        .follow(
            "/api/v1/kv" + query,
            (event, data) -> {
              JsonNode news = AdminClient.read(data);
              if (json()) {
                terminal().line(data);
              } else if (event.equals("put")) {
                JsonNode text = news.get("value");
                terminal()
                    .line(
                        "put "
                            + text(news, "key")
                            + " "
                            + text(news, "revision")
                            + " "
                            + (text == null || text.isNull()
                                ? "(" + text(news, "bytes") + " bytes)"
                                : text.stringValue()));
              } else if (event.equals("delete")) {
                terminal().line("delete " + text(news, "key"));
              } else {
                terminal().line("again: changes may have been missed");
              }
            });
  }

  /** A line of JSON for each key. */
  private void snapshot(Path file) {
    Path next = file.resolveSibling(file.getFileName() + ".new");
    int count = 0;
    try {
      try (BufferedWriter out = Files.newBufferedWriter(next)) {
        for (JsonNode each : all("", true)) {
          out.write(each.toString());
          out.newLine();
          count++;
        }
      }
      Path _ = Files.move(next, file, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new Failure(Cli.FAILED, "cannot write " + file + ": " + e.getMessage());
    }
    terminal().line(count + " keys in " + file);
  }

  /**
   * Makes the store what it was. Each key is changed only if it still is as it was compared, so
   * that what others change meanwhile stays, and is told.
   */
  private int restore(Path folder, PastStore.Moment moment) {
    PastStore.Past past;
    try {
      past = PastStore.find(folder, moment);
    } catch (IOException e) {
      throw new Failure(Cli.FAILED, String.valueOf(e.getMessage()));
    }
    Terminal out = terminal();
    past.remarks().forEach(out::line);
    out.line(
        "the store of group "
            + past.group()
            + " as it was at "
            + past.time()
            + ", revision "
            + past.revision()
            + ": "
            + counted(past.keys().size(), "key"));
    if (!past.missing().isEmpty()) {
      if (!incomplete) {
        throw new Failure(
            Cli.FAILED,
            past.missing() + "; --incomplete restores what is known, --time an earlier moment");
      }
      out.line(past.missing());
    }
    Map<String, JsonNode> present = new TreeMap<>();
    all(prefix, true).forEach(each -> present.put(text(each, "key"), each));
    int same = 0;
    int puts = 0;
    int deletes = 0;
    List<String> left = new ArrayList<>();
    for (Line.Key key : past.keys().values()) {
      if (!key.key().startsWith(prefix)) {
        continue;
      }
      JsonNode now = present.remove(key.key());
      if (now != null && isSame(key, now)) {
        same++;
      } else if (dryRun) {
        out.line("  put " + key.key());
        puts++;
      } else {
        puts += change("PUT", key.key(), now, key, left);
      }
    }
    for (JsonNode now : present.values()) {
      String gone = text(now, "key");
      if (dryRun) {
        out.line("  delete " + gone);
        deletes++;
      } else {
        deletes += change("DELETE", gone, now, null, left);
      }
    }
    out.line(
        (dryRun ? "would put " : "put ")
            + counted(puts, "key")
            + ", delete "
            + deletes
            + ", leave "
            + same
            + " as they are");
    if (left.isEmpty()) {
      return Cli.DONE;
    }
    throw new Failure(
        Cli.FAILED,
        counted(left.size(), "key")
            + (left.size() == 1
                ? " was changed by others meanwhile and left as it is: "
                : " were changed by others meanwhile and left as they are: ")
            + String.join(", ", left)
            + "; the same once more restores that, too");
  }

  private static String counted(int number, String what) {
    return number + " " + what + (number == 1 ? "" : "s");
  }

  private static boolean isSame(Line.Key key, JsonNode now) {
    return Arrays.equals(key.value(), value(now)) && key.ttl() == ttlMillis(now);
  }

  /** 1 if it was made; 0 if the key is not what it was, which is noted. */
  private int change(
      String method,
      String which,
      @Nullable JsonNode now,
      Line.@Nullable Key next,
      List<String> left) {
    String query = next == null || next.ttl() == 0 ? "" : "?ttl=" + next.ttl() + "ms";
    Map<String, String> condition =
        now == null
            ? Map.of("If-None-Match", "*")
            : Map.of("If-Match", "\"" + text(now, "revision") + "\"");
    AdminClient.Raw raw =
        client()
            .exchange(method, path(which) + query, condition, next == null ? null : next.value());
    if (raw.status() == 412) {
      left.add(which);
      return 0;
    }
    AdminClient.Raw _ = raw.expect();
    return 1;
  }

  private static byte[] value(JsonNode key) {
    JsonNode text = key.get("value");
    return text != null && !text.isNull()
        ? text.stringValue().getBytes(StandardCharsets.UTF_8)
        : Base64.getDecoder().decode(text(key, "base64"));
  }

  private static long ttlMillis(JsonNode key) {
    JsonNode ttl = key.get("ttl");
    return ttl == null || ttl.isNull() ? 0 : Math.round(ttl.asDouble() * 1000);
  }

  private void restore(Path file) {
    int count = 0;
    try (BufferedReader in = Files.newBufferedReader(file)) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        JsonNode each = AdminClient.read(line);
        long millis = ttlMillis(each);
        put(text(each, "key"), value(each), millis == 0 ? null : millis + "ms", fields());
        count++;
      }
    } catch (IOException e) {
      throw new Failure(Cli.FAILED, "cannot read " + file + ": " + e.getMessage());
    } catch (IllegalArgumentException | tools.jackson.core.JacksonException e) {
      throw new Failure(Cli.FAILED, file + " is no snapshot: " + e.getMessage());
    }
    terminal().line(count + " keys restored");
  }
}
