package io.fairlead;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A real Kafka broker, with its libraries apart from ours, which can be killed. */
final class Kafka implements AutoCloseable {
  private static final Path CLASS_PATH = Path.of("target", "kafka.classpath");

  private final Path folder;
  final int port = FreePort.any();
  private @Nullable Process process;

  /** Whether its libraries are there. */
  static boolean isThere() throws IOException {
    return Files.exists(CLASS_PATH)
        && List.of(Files.readString(CLASS_PATH).strip().split(File.pathSeparator)).stream()
            .allMatch(each -> Files.exists(Path.of(each)));
  }

  Kafka(Path folder) throws IOException, InterruptedException {
    this.folder = folder;
    Files.createDirectories(folder);
    int controller = FreePort.any();
    Files.writeString(
        folder.resolve("server.properties"),
        """
        process.roles=broker,controller
        node.id=1
        controller.quorum.voters=1@127.0.0.1:%2$d
        listeners=PLAINTEXT://127.0.0.1:%1$d,CONTROLLER://127.0.0.1:%2$d
        advertised.listeners=PLAINTEXT://127.0.0.1:%1$d
        controller.listener.names=CONTROLLER
        listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
        log.dirs=%3$s/logs
        offsets.topic.replication.factor=1
        offsets.topic.num.partitions=1
        auto.create.topics.enable=true
        num.partitions=3
        group.initial.rebalance.delay.ms=0
        """
            .formatted(port, controller, folder));
    Process format =
        java(
            "kafka.tools.StorageTool",
            "format",
            "-t",
            "MkU3OEVBNTcwNTJENDM2Qg",
            "-c",
            folder.resolve("server.properties").toString());
    if (format.waitFor() != 0) {
      throw new AssertionError(Files.readString(folder.resolve("log")));
    }
    start();
  }

  private Process java(String... words) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Xmx384m",
                "-cp",
                Files.readString(CLASS_PATH).strip()));
    command.addAll(List.of(words));
    return new ProcessBuilder(command)
        .redirectError(ProcessBuilder.Redirect.appendTo(folder.resolve("log").toFile()))
        .redirectOutput(ProcessBuilder.Redirect.appendTo(folder.resolve("out").toFile()))
        .start();
  }

  void start() throws IOException {
    process = java("kafka.Kafka", folder.resolve("server.properties").toString());
  }

  void kill() {
    Process running = process;
    if (running != null) {
      running.destroyForcibly().onExit().join();
    }
  }

  /**
   * So many messages of a topic from its beginning, as its own consumer prints them: key, tab,
   * value.
   */
  List<String> read(String topic, int count) throws IOException, InterruptedException {
    Path out = folder.resolve("out");
    Files.deleteIfExists(out);
    Process consumer =
        java(
            "org.apache.kafka.tools.consumer.ConsoleConsumer",
            "--bootstrap-server",
            "127.0.0.1:" + port,
            "--topic",
            topic,
            "--from-beginning",
            "--max-messages",
            Integer.toString(count),
            "--timeout-ms",
            Long.toString(Duration.ofSeconds(20).toMillis()),
            "--property",
            "print.key=true");
    consumer.waitFor();
    return Files.readString(out, UTF_8).lines().filter(line -> line.contains("\t{")).toList();
  }

  @Override
  public void close() {
    kill();
  }
}
