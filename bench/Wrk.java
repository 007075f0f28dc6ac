import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Closed-loop load over HTTP/1.1: each connection asks again when it has its answer. */
final class Wrk {
  private Wrk() {}

  static List<String> command(Row row, int port, int seconds, Path work) throws IOException {
    String scheme = row.front() == Row.Front.TLS ? "https" : "http";
    Path script = work.resolve(row.name() + ".lua");
    Files.writeString(script, row.wrkScript());
    return List.of(
        "wrk",
        "-t1",
        "-c" + row.connections(),
        "-d" + seconds + "s",
        "--timeout",
        "5s",
        "-s",
        script.toString(),
        scheme + "://127.0.0.1:" + port + row.path());
  }

  /** What wrk has printed, as a result. */
  static Load.Result result(Path output, int seconds) throws IOException {
    String text = Files.readString(output);
    for (String line : text.lines().toList()) {
      if (line.startsWith("RESULT ")) {
        return result(line.split(" "));
      }
    }
    String said = text.strip().lines().findFirst().orElse("?");
    return new Load.Result(0, seconds, "wrk failed: " + said);
  }

  private static Load.Result result(String[] fields) {
    String[] kinds = {"connect", "read", "write", "timeout", "non-2xx"};
    StringBuilder problem = new StringBuilder();
    for (int i = 0; i < kinds.length; i++) {
      if (!fields[3 + i].equals("0")) {
        problem.append(problem.isEmpty() ? "" : ", ");
        problem.append(fields[3 + i]).append(' ').append(kinds[i]).append(" errors");
      }
    }
    long requests = Long.parseLong(fields[1]);
    if (requests == 0 && problem.isEmpty()) {
      problem.append("no request was answered");
    }
    return new Load.Result(requests, Long.parseLong(fields[2]) / 1e6, problem.toString());
  }
}
