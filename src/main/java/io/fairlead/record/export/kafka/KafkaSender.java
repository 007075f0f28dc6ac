package io.fairlead.record.export.kafka;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fairlead.config.ExportConfig;
import io.fairlead.config.HostPort;
import io.fairlead.record.export.ForeignWords;
import io.fairlead.record.export.RowSender;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.security.cert.CertificateException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.Producer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.SslAuthenticationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.jspecify.annotations.Nullable;

/**
 * Sends each row as a message whose key is the row's id, and waits until all replicas in sync have
 * all of them. Whatever goes wrong, the client is left and the next rows get another: it is made
 * for going on by itself, and here it is known better what has to be sent again.
 */
final class KafkaSender implements RowSender {
  /** What it says of itself is for those who ask for it: what goes wrong is told by us, once. */
  private static final Logger CLIENT = Logger.getLogger("org.apache.kafka");

  private static final byte[] ID = "{\"id\":\"".getBytes(UTF_8);
  private static final int CONNECT_MILLIS = 1000;

  private final ExportConfig.Kafka config;
  private final Supplier<Producer<byte[], byte[]>> clients;
  private @Nullable Producer<byte[], byte[]> producer;

  /** Sends to these brokers; the first connection is made when there is something to send. */
  KafkaSender(ExportConfig.Kafka config) {
    this(config, () -> client(KafkaSettings.of(config)));
  }

  KafkaSender(ExportConfig.Kafka config, Supplier<Producer<byte[], byte[]>> clients) {
    this.config = config;
    this.clients = clients;
    if (CLIENT.getLevel() == null) {
      CLIENT.setLevel(Level.OFF);
    }
  }

  @Override
  public void send(String table, byte[] rows, int count) throws IOException, InterruptedException {
    try {
      send(producer(), config.topic() + "-" + table, rows, count);
    } catch (ExecutionException e) {
      close();
      throw new IOException(why(e.getCause() == null ? e : e.getCause()), e);
    } catch (InterruptException e) {
      Thread.interrupted(); // it says so twice
      close();
      throw new InterruptedException();
    } catch (KafkaException e) {
      close();
      throw new IOException(why(e), e);
    }
  }

  private static void send(Producer<byte[], byte[]> producer, String topic, byte[] rows, int count)
      throws ExecutionException, InterruptedException {
    List<Future<RecordMetadata>> sent = new ArrayList<>(count);
    for (int at = 0; at < rows.length; ) {
      int end = at;
      while (rows[end] != '\n') {
        end++;
      }
      byte[] row = Arrays.copyOfRange(rows, at, end);
      Future<RecordMetadata> one = producer.send(new ProducerRecord<>(topic, id(row), row));
      if (one.isDone()) {
        one.get(); // mostly what could not even begin, and for the same reason the next could not
      }
      sent.add(one);
      at = end + 1;
    }
    producer.flush();
    for (Future<RecordMetadata> each : sent) {
      each.get();
    }
  }

  /** With which each row begins. */
  private static byte @Nullable [] id(byte[] row) {
    int end = ID.length;
    if (!Arrays.equals(row, 0, Math.min(end, row.length), ID, 0, end)) {
      return null;
    }
    while (end < row.length && row[end] != '"') {
      end++;
    }
    return Arrays.copyOfRange(row, ID.length, end);
  }

  static Producer<byte[], byte[]> client(Map<String, Object> settings) {
    Thread own = Thread.currentThread();
    ClassLoader before = own.getContextClassLoader();
    own.setContextClassLoader(KafkaSender.class.getClassLoader()); // where logins are looked for
    try {
      return new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
    } finally {
      own.setContextClassLoader(before);
    }
  }

  private Producer<byte[], byte[]> producer() {
    Producer<byte[], byte[]> present = producer;
    if (present == null) {
      present = clients.get();
      producer = present;
    }
    return present;
  }

  private String why(Throwable e) {
    Throwable root = root(e);
    String said = ForeignWords.of(String.valueOf(root.getMessage()), config.password());
    return switch (e) {
      case TimeoutException _ when !isAnybodyThere() -> "no connection";
      case SslAuthenticationException _ -> "TLS: " + said;
      default -> said;
    };
  }

  /** Which knows best: whoever judged the certificate, else where it began. */
  private static Throwable root(Throwable e) {
    Throwable cause = e.getCause();
    return cause == null || e instanceof CertificateException ? e : root(cause);
  }

  /** The client only says that it took too long. */
  private boolean isAnybodyThere() {
    for (HostPort broker : config.brokers()) {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress(broker.host(), broker.port()), CONNECT_MILLIS);
        return true;
      } catch (IOException _) {
        // The next one, maybe.
      }
    }
    return false;
  }

  @Override
  public void close() {
    Producer<byte[], byte[]> present = producer;
    producer = null;
    if (present != null) {
      present.close(Duration.ZERO);
    }
  }
}
