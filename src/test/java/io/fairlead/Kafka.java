package io.fairlead;

import java.io.File;
import java.io.IOException;
import java.io.Writer;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.jspecify.annotations.Nullable;

/**
 * A real Kafka broker, with its libraries apart from ours, which can be killed. Two listeners: one
 * for anybody, and one by TLS for users who log in.
 */
final class Kafka implements AutoCloseable {
  static final String USER = "edge";
  static final String PASSWORD = "s3\"cr\\et of edge";

  private static final Path CLASS_PATH = Path.of("target", "kafka.classpath");
  private static final String MODULES = "org.apache.kafka.common.security.";
  private static final int ITERATIONS = 4096;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Path folder;
  final int port = FreePort.any();
  final int securePort = FreePort.any();
  private @Nullable Process process;

  /** Whether its libraries are there. */
  static boolean isThere() throws IOException {
    return Files.exists(CLASS_PATH)
        && List.of(Files.readString(CLASS_PATH).strip().split(File.pathSeparator)).stream()
            .allMatch(each -> Files.exists(Path.of(each)));
  }

  /**
   * @param certificate of the broker, behind its private key, in PEM
   */
  Kafka(Path folder, String certificate) throws IOException {
    this.folder = folder;
    Path logs = Files.createDirectories(folder.resolve("logs"));
    Path identity = Files.writeString(folder.resolve("broker.pem"), certificate);
    int controller = FreePort.any();
    Properties settings = new Properties();
    settings.putAll(
        Map.of(
            "process.roles", "broker,controller",
            "node.id", "1",
            "controller.quorum.voters", "1@127.0.0.1:" + controller,
            "controller.listener.names", "CONTROLLER",
            "log.dirs", logs.toString(),
            "num.partitions", "3"));
    settings.put(
        "listeners",
        "ANYBODY://127.0.0.1:%d,SECURE://127.0.0.1:%d,CONTROLLER://127.0.0.1:%d"
            .formatted(port, securePort, controller));
    settings.put(
        "listener.security.protocol.map", "ANYBODY:PLAINTEXT,SECURE:SASL_SSL,CONTROLLER:PLAINTEXT");
    settings.put("inter.broker.listener.name", "ANYBODY");
    settings.put("ssl.keystore.type", "PEM");
    settings.put("ssl.keystore.location", identity.toString());
    String secure = "listener.name.secure.";
    settings.put(secure + "sasl.enabled.mechanisms", "PLAIN,SCRAM-SHA-512");
    settings.put(
        secure + "plain.sasl.jaas.config",
        MODULES
            + "plain.PlainLoginModule required user_"
            + USER
            + "=\""
            + PASSWORD.replace("\\", "\\\\").replace("\"", "\\\"")
            + "\";");
    settings.put(
        secure + "scram-sha-512.sasl.jaas.config", MODULES + "scram.ScramLoginModule required;");
    // There is nobody else to wait for.
    settings.put("controller.quorum.election.timeout.ms", "50");
    settings.put("broker.heartbeat.interval.ms", "100");
    settings.put("log.cleaner.enable", "false");
    try (Writer file = Files.newBufferedWriter(folder.resolve("server.properties"))) {
      settings.store(file, null);
    }
    // What formatting a folder leaves there, and a process of its own less.
    Files.writeString(
        logs.resolve("meta.properties"),
        """
        version=1
        cluster.id=MkU3OEVBNTcwNTJENDM2Qg
        node.id=1
        """);
  }

  void start() throws IOException {
    process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Xmx384m",
                "-cp",
                Files.readString(CLASS_PATH).strip(),
                "kafka.Kafka",
                folder.resolve("server.properties").toString())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(folder.resolve("log").toFile()))
            .start();
  }

  void awaitStart() throws InterruptedException {
    Loopback.await("the broker listens", PATIENCE, () -> listens(port) && listens(securePort));
  }

  private boolean listens(int listener) {
    Process running = process;
    if (running != null && !running.isAlive()) {
      throw new AssertionError("the broker has ended; see " + folder.resolve("log"));
    }
    try (Socket _ = new Socket(InetAddress.getLoopbackAddress(), listener)) {
      return true;
    } catch (IOException _) {
      return false;
    }
  }

  void kill() {
    Process running = process;
    if (running != null) {
      running.destroyForcibly().onExit().join();
    }
  }

  /** From now on that user may log in by SCRAM, too. */
  void admit() throws ExecutionException, InterruptedException {
    try (Admin admin = Admin.create(client())) {
      admin
          .alterUserScramCredentials(
              List.of(
                  new UserScramCredentialUpsertion(
                      USER,
                      new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, ITERATIONS),
                      PASSWORD)))
          .all()
          .get();
    }
  }

  private Map<String, Object> client() {
    return Map.of("bootstrap.servers", "127.0.0.1:" + port);
  }

  /** Messages of a topic from its beginning, until there are so many; with their keys. */
  List<ConsumerRecord<String, String>> read(String topic, int count) {
    List<ConsumerRecord<String, String>> messages = new ArrayList<>();
    try (KafkaConsumer<String, String> consumer =
        new KafkaConsumer<>(client(), new StringDeserializer(), new StringDeserializer())) {
      List<TopicPartition> partitions =
          consumer.partitionsFor(topic).stream()
              .map(each -> new TopicPartition(topic, each.partition()))
              .toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
      while (messages.size() < count && System.nanoTime() < end) {
        consumer.poll(Duration.ofMillis(200)).forEach(messages::add);
      }
    }
    return messages;
  }

  @Override
  public void close() {
    kill();
  }
}
