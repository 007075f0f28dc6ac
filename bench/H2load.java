import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Closed-loop load over HTTP/2, gRPC too: each stream asks again when it has its answer. */
final class H2load {
  private static final Pattern DONE =
      Pattern.compile(
          "requests: \\d+ total, \\d+ started, (\\d+) done, (\\d+) succeeded, (\\d+) failed");
  private static final Pattern TIME = Pattern.compile("finished in ([0-9.]+)(us|ms|s)");

  private H2load() {}

  static List<String> command(Row row, int port, int seconds, Path work) throws IOException {
    List<String> command = new ArrayList<>();
    command.addAll(List.of("h2load", "-t1", "-c" + row.connections(), "-m" + row.streams()));
    if (row.front() == Row.Front.GRPC) {
      Path message = Files.write(work.resolve("grpc.message"), grpcMessage());
      command.addAll(List.of("-d", message.toString(), "-H", "content-type: application/grpc"));
      command.addAll(List.of("-H", "te: trailers"));
    }
    String scheme = row.front() == Row.Front.HTTP2_TLS ? "https" : "http";
    command.addAll(List.of("-D" + seconds, scheme + "://127.0.0.1:" + port + row.path()));
    return command;
  }

  /** Not compressed, its length, and that many bytes. */
  static byte[] grpcMessage() {
    byte[] message = new byte[5 + Row.SMALL];
    Arrays.fill(message, (byte) 'x');
    Arrays.fill(message, 0, 4, (byte) 0);
    message[4] = Row.SMALL;
    return message;
  }

  /** What h2load has printed, as a result. */
  static Load.Result result(Path output, int seconds) throws IOException {
    String text = Files.readString(output);
    Matcher done = DONE.matcher(text);
    if (!done.find()) {
      return new Load.Result(0, seconds, "h2load failed: " + text.strip());
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
    return new Load.Result(succeeded, took, problem);
  }
}
