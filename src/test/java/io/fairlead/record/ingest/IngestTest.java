package io.fairlead.record.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.HostPort;
import io.fairlead.config.LogSource;
import io.fairlead.insight.pattern.LinePatterns;
import io.fairlead.telemetry.NodeLine;
import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** All kinds of sources with their real senders. */
@Timeout(60)
final class IngestTest {
  @TempDir private Path data;
  private final BlockingQueue<NodeLine> lines = new LinkedBlockingQueue<>();
  private final LinePatterns patterns = new LinePatterns(_ -> {});
  private @Nullable Ingest ingest;
  private volatile boolean hasRoom = true;

  @AfterEach
  void close() {
    if (ingest != null) {
      ingest.close();
    }
  }

  private Ingest start(LogSource... sources) {
    Ingest started =
        Ingest.start(
            data,
            List.of(sources),
            line -> hasRoom && lines.add(line),
            patterns,
            CompletableFuture.completedFuture(_ -> 0));
    ingest = started;
    return started;
  }

  private static int port(Ingest ingest, LogSource source) throws InterruptedException {
    for (int port = ingest.port(source); ; port = ingest.port(source)) {
      if (port != 0) {
        return port;
      }
      Thread.onSpinWait();
    }
  }

  private static LogSource.Syslog syslog(boolean datagrams) {
    return new LogSource.Syslog(datagrams, new HostPort("127.0.0.1", 0), "shop", "");
  }

  private NodeLine next() throws InterruptedException {
    NodeLine line = lines.poll(20, TimeUnit.SECONDS);
    assertThat(line).isNotNull();
    return line;
  }

  private static String text(NodeLine line) {
    return new String(line.text(), 0, line.length(), UTF_8);
  }

  private static void logger(int port, String... words) throws Exception {
    List<String> command = new java.util.ArrayList<>(List.of("logger", "-n", "127.0.0.1", "-P"));
    command.add(Integer.toString(port));
    command.addAll(List.of(words));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue())
        .as(new String(process.getInputStream().readAllBytes(), UTF_8))
        .isZero();
  }

  /** logger(1) of util-linux, which sends both kinds both ways. */
  @Test
  void syslogAsLoggerSendsIt() throws Exception {
    LogSource.Syslog datagrams = syslog(true);
    LogSource.Syslog connections = syslog(false);
    Ingest started = start(datagrams, connections);
    int udp = port(started, datagrams);
    int tcp = port(started, connections);
    String[][] ways = {
      {"-d", "--rfc3164"},
      {"-d", "--rfc5424"},
      {"-T", "--rfc3164"},
      {"-T", "--rfc5424"},
      {"-T", "--rfc5424", "--octet-count"},
      {"-T", "--rfc3164", "--octet-count"},
    };
    for (String[] way : ways) {
      List<String> words = new java.util.ArrayList<>(List.of(way));
      words.addAll(List.of("-t", "shop-app", "-p", "local0.err"));
      words.add("no stock, request_id=r-" + String.join("", way));
      logger(way[0].equals("-d") ? udp : tcp, words.toArray(String[]::new));
      NodeLine line = next();
      assertThat(text(line)).isEqualTo("no stock, request_id=r-" + String.join("", way));
      assertThat(line.level()).isEqualTo("error");
      assertThat(line.service()).isEqualTo("shop");
      assertThat(line.node()).isNotEmpty();
      assertThat(line.source()).endsWith(" shop-app");
      assertThat(line.requestId()).isEqualTo("r-" + String.join("", way));
      assertThat(Math.abs(line.micros() / 1000 - System.currentTimeMillis())).isLessThan(30_000);
    }
    while (started.stats().lines() < ways.length) {
      Thread.onSpinWait(); // it counts behind
    }
  }

  @Test
  void manyMessagesOnOneConnectionAndWhatIsNone() throws Exception {
    LogSource.Syslog source = syslog(false);
    Ingest started = start(source);
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port(started, source))) {
      socket
          .getOutputStream()
          .write("<14>h a: one\n10 <14>a: two<14>three\nnothing\n<14>four\n".getBytes(UTF_8));
      assertThat(text(next())).isEqualTo("h a: one");
      assertThat(text(next())).isEqualTo("two");
      assertThat(text(next())).isEqualTo("three");
      assertThat(text(next())).isEqualTo("four");
    }
    assertThat(started.stats().unreadable()).isEqualTo(1);
  }

  /** What cannot wait is dropped and counted. */
  @Test
  void datagramsWithoutRoomAreCounted() throws Exception {
    LogSource.Syslog source = syslog(true);
    Ingest started = start(source);
    int port = port(started, source);
    hasRoom = false;
    logger(port, "-d", "one");
    while (started.stats().dropped() == 0) {
      Thread.onSpinWait();
    }
    hasRoom = true;
    logger(port, "-d", "two");
    assertThat(text(next())).isEqualTo("two");
    assertThat(started.stats().dropped()).isEqualTo(1);
  }

  @Test
  void openTelemetryOverHttp() throws Exception {
    LogSource.Otlp source = new LogSource.Otlp(new HostPort("127.0.0.1", 0), "", "");
    Ingest started = start(source);
    String base = "http://127.0.0.1:" + port(started, source);
    String json =
        """
        {"resourceLogs":[{"resource":{"attributes":[
          {"key":"service.name","value":{"stringValue":"shop"}},
          {"key":"service.instance.id","value":{"stringValue":"b"}}]},
         "scopeLogs":[{"logRecords":[{"severityNumber":13,"body":{"stringValue":"slow"}}]}]}]}
        """;
    try (HttpClient client = HttpClient.newHttpClient()) {
      assertThat(send(client, base + "/v1/logs", "application/json", json.getBytes(UTF_8), false))
          .isEqualTo("200 {}");
      NodeLine line = next();
      assertThat(List.of(text(line), line.level(), line.service(), line.node()))
          .containsExactly("slow", "warn", "shop", "b");
      assertThat(send(client, base + "/v1/logs", "application/json", json.getBytes(UTF_8), true))
          .isEqualTo("200 {}");
      next();
      assertThat(send(client, base + "/v1/logs", "application/x-protobuf", new byte[0], false))
          .isEqualTo("200 ");
      assertThat(send(client, base + "/v1/logs", "application/x-protobuf", new byte[] {7}, false))
          .startsWith("400 no field");
      assertThat(send(client, base + "/v1/logs", "text/plain", new byte[0], false))
          .startsWith("415");
      assertThat(send(client, base + "/v1/traces", "application/json", new byte[0], false))
          .startsWith("404");
      hasRoom = false;
      assertThat(send(client, base + "/v1/logs", "application/json", json.getBytes(UTF_8), false))
          .startsWith("503");
    }
  }

  private static String send(
      HttpClient client, String uri, String type, byte[] body, boolean packed) throws Exception {
    byte[] sent = body;
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(uri)).header("content-type", type);
    if (packed) {
      ByteArrayOutputStream small = new ByteArrayOutputStream();
      try (GZIPOutputStream out = new GZIPOutputStream(small)) {
        out.write(body);
      }
      sent = small.toByteArray();
      request.header("content-encoding", "gzip");
    }
    var answer =
        client.send(
            request.POST(BodyPublishers.ofByteArray(sent)).build(), BodyHandlers.ofString());
    return answer.statusCode() + " " + answer.body();
  }

  /** Two of one data folder, as in a takeover: the second begins when the first has ended. */
  @Test
  void onlyOneReadsAtATime() throws Exception {
    Path log = data.resolve("a.log");
    LogSource.File source = new LogSource.File(log, LogSource.Format.PLAIN, "shop", "a");
    Files.writeString(log, "one\n");
    Ingest first = start(source);
    assertThat(text(next())).isEqualTo("one");
    try (Ingest second =
        Ingest.start(
            data,
            List.of(source),
            lines::add,
            patterns,
            CompletableFuture.completedFuture(_ -> 0))) {
      Files.writeString(log, "two\n", StandardOpenOption.APPEND);
      assertThat(text(next())).isEqualTo("two");
      first.close();
      Files.writeString(log, "three\n", StandardOpenOption.APPEND);
      assertThat(text(next())).isEqualTo("three");
      while (second.stats().lines() == 0) {
        Thread.onSpinWait(); // it counts behind
      }
      assertThat(second.stats().lines()).isEqualTo(1);
    }
    assertThat(lines).isEmpty();
  }
}
