import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Closed-loop load: each of N connections sends its next request when the last is answered. */
final class Wrk {
  private final Children children;
  private final Path work;

  Wrk(Children children, Path work) {
    this.children = children;
    this.work = work;
  }

  /**
   * What a run came to.
   *
   * @param requests answered requests
   * @param seconds length of the run
   * @param problem empty when every request was answered with a 2xx or 3xx and no socket failed
   */
  record Result(long requests, double seconds, String problem) {}

  /** A run under way. */
  record Running(Process process, Path output) {}

  Result run(Row row, int port, int seconds) throws IOException, InterruptedException {
    return finish(start(row, port, seconds), seconds);
  }

  Running start(Row row, int port, int seconds) throws IOException {
    if (row.front() == Row.Front.HTTP2) {
      Path said = work.resolve("h2load.out");
      return new Running(
          children.start(Machine.LOAD_CORE, H2load.command(row, port, seconds), said), said);
    }
    String scheme = row.front() == Row.Front.TLS ? "https" : "http";
    Path script = work.resolve(row.name() + ".lua");
    Files.writeString(script, row.wrkScript());
    Path output = work.resolve("wrk.out");
    Process process =
        children.start(
            Machine.LOAD_CORE,
            List.of(
                "wrk",
                "-t1",
                "-c" + row.connections(),
                "-d" + seconds + "s",
                "--timeout",
                "5s",
                "-s",
                script.toString(),
                scheme + "://127.0.0.1:" + port + row.path()),
            output);
    return new Running(process, output);
  }

  Result finish(Running running, int seconds) throws IOException, InterruptedException {
    if (!children.await(running.process(), seconds + 20)) {
      return new Result(0, seconds, "wrk did not end in time");
    }
    if (running.output().endsWith("h2load.out")) {
      return H2load.result(running.output(), seconds);
    }
    String text = Files.readString(running.output());
    for (String line : text.lines().toList()) {
      if (line.startsWith("RESULT ")) {
        return result(line.split(" "));
      }
    }
    return new Result(0, seconds, "wrk failed: " + text.strip().lines().findFirst().orElse("?"));
  }

  private static Result result(String[] fields) {
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
    return new Result(requests, Long.parseLong(fields[2]) / 1e6, problem.toString());
  }
}
