package io.fairlead.record.export.kafka;

import io.fairlead.trust.NodeTrust;
import java.io.IOException;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.security.auth.SslEngineFactory;
import org.jspecify.annotations.Nullable;

/** Has certificates of brokers judged by the class that judges those of nodes. Made by Kafka. */
public final class BrokerTrust implements SslEngineFactory {
  /** Files with the authorities that are trusted; none: those of the system. */
  static final String CA = "fairlead.ca";

  private @Nullable SSLContext context;

  /** For Kafka's client. */
  public BrokerTrust() {}

  @Override
  public void configure(Map<String, ?> settings) {
    List<Path> ca = new ArrayList<>();
    if (settings.get(CA) instanceof List<?> files) {
      files.forEach(file -> ca.add((Path) file));
    }
    try {
      context = NodeTrust.context(ca);
    } catch (IOException e) {
      throw new KafkaException(e.getMessage(), e);
    }
  }

  @Override
  public SSLEngine createClientSslEngine(String host, int port, String identification) {
    SSLContext present = context;
    if (present == null) {
      throw new IllegalStateException("not configured");
    }
    SSLEngine engine = present.createSSLEngine(host, port);
    engine.setUseClientMode(true);
    return engine;
  }

  @Override
  public SSLEngine createServerSslEngine(String host, int port) {
    throw new UnsupportedOperationException("nobody connects here");
  }

  @Override
  public boolean shouldBeRebuilt(Map<String, Object> next) {
    return false;
  }

  @Override
  public Set<String> reconfigurableConfigs() {
    return Set.of();
  }

  @Override
  public @Nullable KeyStore keystore() {
    return null;
  }

  @Override
  public @Nullable KeyStore truststore() {
    return null;
  }

  @Override
  public void close() {}
}
