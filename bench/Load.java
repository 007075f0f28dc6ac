import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Closed-loop load of every kind: each of N connections asks for the next thing when it has the one
 * before. HTTP is asked for by wrk, h2load and {@link Http3Load}, what none of them speaks by
 * threads of the driver.
 */
final class Load {
  private final Children children;
  private final Path work;
  private final Http3Load http3;

  Load(Children children, Path work) {
    this.children = children;
    this.work = work;
    this.http3 = new Http3Load(children, work);
  }

  /**
   * What a run came to.
   *
   * @param units requests answered, messages echoed, MiB relayed: see {@link Row.Front#unit}
   * @param seconds length of the run
   * @param problem empty when everything was answered rightly and no socket failed
   */
  record Result(double units, double seconds, String problem) {}

  /** A run under way. */
  interface Running {
    Result finish() throws IOException, InterruptedException;
  }

  /** A load that a thread of this process makes. */
  private interface Own {
    Result run(int port, Row row, int seconds) throws Exception;
  }

  Result run(Row row, int port, int seconds) throws IOException, InterruptedException {
    return start(row, port, seconds).finish();
  }

  Running start(Row row, int port, int seconds) throws IOException {
    return switch (row.front()) {
      case CLEAR, LOGGED, TLS -> {
        Path output = work.resolve("wrk.out");
        yield tool(
            Wrk.command(row, port, seconds, work),
            output,
            seconds,
            () -> Wrk.result(output, seconds));
      }
      case HTTP3 -> http3.start(row, port, seconds);
      case HTTP2, HTTP2_TLS, GRPC -> {
        Path output = work.resolve("h2load.out");
        yield tool(
            H2load.command(row, port, seconds, work),
            output,
            seconds,
            () -> H2load.result(output, seconds));
      }
      case TLS_RESUMED -> own(ResumingLoad::run, row, port, seconds);
      case TCP -> own(RelayLoad::run, row, port, seconds);
      case WEBSOCKET -> own(WebSocketLoad::run, row, port, seconds);
      case UDP -> own(DatagramLoad::run, row, port, seconds);
    };
  }

  private Running tool(List<String> command, Path output, int seconds, Running result)
      throws IOException {
    Process process = children.start(Machine.LOAD_CORE, command, output);
    return () ->
        children.await(process, seconds + 20)
            ? result.finish()
            : new Result(0, seconds, command.getFirst() + " did not end in time");
  }

  private static Running own(Own load, Row row, int port, int seconds) {
    CompletableFuture<Result> result = new CompletableFuture<>();
    Thread.ofPlatform()
        .daemon()
        .name("load " + row.name())
        .start(() -> {
          try {
            result.complete(load.run(port, row, seconds));
          } catch (Exception e) {
            result.complete(new Result(0, seconds, e.toString()));
          }
        });
    return () -> {
      try {
        return result.get(seconds + 20, TimeUnit.SECONDS);
      } catch (ExecutionException | TimeoutException e) {
        return new Result(0, seconds, "the generator did not end in time");
      }
    };
  }
}
