package io.fairlead.record.export.kafka;

import io.fairlead.config.ExportConfig;
import io.fairlead.config.ExportConfig.Sasl;
import io.fairlead.config.HostPort;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.config.SaslConfigs;
import org.apache.kafka.common.config.SslConfigs;
import org.apache.kafka.common.config.types.Password;
import org.apache.kafka.common.security.plain.PlainLoginModule;
import org.apache.kafka.common.security.scram.ScramLoginModule;

/** What Kafka's client is told: what was configured, and bounds. */
final class KafkaSettings {
  /** Of rows that wait; a batch of the exporter fits in several times. */
  private static final long MEMORY = 8 << 20;

  /** Brokers take 1 MiB unless they are told otherwise. What is too large for them is split. */
  private static final int BATCH = 256 << 10;

  /** All rows that there are come at once, and the last of them is followed by a flush. */
  private static final int LINGER_MILLIS = 500;

  /** Until it is known who leads a partition. */
  private static final int BLOCK_MILLIS = 5_000;

  private static final int REQUEST_MILLIS = 15_000;
  private static final int DELIVERY_MILLIS = 45_000;
  private static final int FASTEST = 1;

  private KafkaSettings() {}

  static Map<String, Object> of(ExportConfig.Kafka config) {
    Map<String, Object> settings = new HashMap<>();
    settings.put(
        ProducerConfig.BOOTSTRAP_SERVERS_CONFIG,
        config.brokers().stream().map(HostPort::toString).toList());
    settings.put(ProducerConfig.CLIENT_ID_CONFIG, "fairlead");
    settings.put(ProducerConfig.ACKS_CONFIG, "all");
    settings.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
    settings.put(ProducerConfig.COMPRESSION_TYPE_CONFIG, "gzip");
    settings.put(ProducerConfig.COMPRESSION_GZIP_LEVEL_CONFIG, FASTEST);
    settings.put(ProducerConfig.BUFFER_MEMORY_CONFIG, MEMORY);
    settings.put(ProducerConfig.BATCH_SIZE_CONFIG, BATCH);
    settings.put(ProducerConfig.LINGER_MS_CONFIG, LINGER_MILLIS);
    settings.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, BLOCK_MILLIS);
    settings.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, REQUEST_MILLIS);
    settings.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, DELIVERY_MILLIS);
    settings.put(ProducerConfig.ENABLE_METRICS_PUSH_CONFIG, false);
    settings.put(ProducerConfig.METRIC_REPORTER_CLASSES_CONFIG, List.of());
    settings.put(CommonClientConfigs.SECURITY_PROTOCOL_CONFIG, protocol(config));
    if (config.tls()) {
      settings.put(SslConfigs.SSL_ENGINE_FACTORY_CLASS_CONFIG, BrokerTrust.class);
      settings.put(BrokerTrust.CA, config.ca());
    }
    if (!config.user().isEmpty()) {
      settings.put(SaslConfigs.SASL_MECHANISM, mechanism(config.sasl()));
      settings.put(SaslConfigs.SASL_JAAS_CONFIG, new Password(login(config)));
    }
    return settings;
  }

  private static String protocol(ExportConfig.Kafka config) {
    return (config.user().isEmpty() ? "" : "SASL_") + (config.tls() ? "SSL" : "PLAINTEXT");
  }

  private static String mechanism(Sasl sasl) {
    return switch (sasl) {
      case PLAIN -> "PLAIN";
      case SCRAM_SHA_256 -> "SCRAM-SHA-256";
      case SCRAM_SHA_512 -> "SCRAM-SHA-512";
    };
  }

  private static String login(ExportConfig.Kafka config) {
    Class<?> module = config.sasl() == Sasl.PLAIN ? PlainLoginModule.class : ScramLoginModule.class;
    return module.getName()
        + " required username="
        + quoted(config.user())
        + " password="
        + quoted(config.password().value())
        + ";";
  }

  /** A word of JAAS, whatever is in it. */
  static String quoted(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        quoted.append('\\').append(c);
      } else if (c < ' ') {
        quoted.append(String.format("\\%03o", (int) c));
      } else {
        quoted.append(c);
      }
    }
    return quoted.append('"').toString();
  }
}
