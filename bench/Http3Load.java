import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Load over HTTP/3 by {@link #CLIENT}, one process for the whole run, so that its code is compiled
 * once. It uses the library for QUIC that is in Fairlead's jar.
 */
final class Http3Load {
  private static final String CLIENT = "bench/Http3Client.java";
  private static final Path JAR = Path.of("target/fairlead.jar");
  private static final int START_MILLIS = 30_000;

  private final Children children;
  private final Path work;
  private BufferedReader in;
  private PrintStream out;

  Http3Load(Children children, Path work) {
    this.children = children;
    this.work = work;
  }

  Load.Running start(Row row, int port, int seconds) throws IOException {
    if (out == null) {
      connect();
    }
    out.printf(
        "%d %d %d %s %d %d %d%n",
        port,
        row.connections(),
        row.streams(),
        row.path(),
        row.responseBytes(),
        Nodes.filler(row.responseBytes()),
        seconds);
    return () -> result(in.readLine());
  }

  private static Load.Result result(String line) throws IOException {
    if (line == null) {
      throw new IOException("the generator for HTTP/3 has ended; see bench/work/http3.log");
    }
    String[] fields = line.split(" ", 3);
    long answered = Long.parseLong(fields[0]);
    String problem = fields[2];
    if (problem.isEmpty() && answered == 0) {
      problem = "no request was answered";
    }
    return new Load.Result(answered, Long.parseLong(fields[1]) / 1e9, problem);
  }

  private void connect() throws IOException {
    if (!Files.exists(JAR)) {
      throw new IOException("no generator for HTTP/3: " + JAR + " is not built");
    }
    try (ServerSocket here = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      here.setSoTimeout(START_MILLIS);
      children.start(
          Machine.LOAD_CORE,
          List.of(
              Path.of(System.getProperty("java.home"), "bin", "java").toString(),
              "-Xmx512m",
              "-XX:+UseSerialGC",
              "--enable-native-access=ALL-UNNAMED",
              "--sun-misc-unsafe-memory-access=allow",
              "-Dio.netty.leakDetection.level=disabled",
              "-cp",
              JAR.toString(),
              CLIENT,
              Integer.toString(here.getLocalPort())),
          work.resolve("http3.log"));
      Socket socket = here.accept();
      in =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
      out = new PrintStream(socket.getOutputStream(), true, StandardCharsets.US_ASCII);
    }
  }
}
