import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Closed-loop load over HTTP/2: each stream asks again when it has its answer. */
final class H2load {
  private static final Pattern DONE =
      Pattern.compile(
          "requests: \\d+ total, \\d+ started, (\\d+) done, (\\d+) succeeded, (\\d+) failed");
  private static final Pattern TIME = Pattern.compile("finished in ([0-9.]+)(us|ms|s)");

  private H2load() {}

  static List<String> command(Row row, int port, int seconds) {
    return List.of(
        "h2load",
        "-t1",
        "-c" + row.connections(),
        "-m" + row.streams(),
        "-D" + seconds,
        "http://127.0.0.1:" + port + row.path());
  }

  /** What h2load has printed, as a result. */
  static Wrk.Result result(Path output, int seconds) throws IOException {
    String text = Files.readString(output);
    Matcher done = DONE.matcher(text);
    if (!done.find()) {
      return new Wrk.Result(0, seconds, "h2load failed: " + text.strip());
    }
    long succeeded = Long.parseLong(done.group(2));
    Matcher time = TIME.matcher(text);
    double took = seconds;
    if (time.find() && time.group(2).equals("s")) {
      took = Double.parseDouble(time.group(1));
    }
    String problem = succeeded == 0 ? "no request was answered" : "";
    if (!done.group(3).equals("0")) {
      problem = done.group(3) + " requests failed";
    }
    return new Wrk.Result(succeeded, took, problem);
  }
}
