package io.fairlead.record.export;

import io.fairlead.config.ExportConfig;
import io.fairlead.record.BesideJar;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Kafka's own client, which lies in {@code lib/kafka} beside our jar: whoever sends nothing to
 * Kafka neither opens nor loads any of it. The classes of {@code record.export.kafka} are the only
 * ones that see it, so they are defined here, too; all others are those of the program. From a
 * checkout's classes the client is on the class path, and everything else is the same.
 */
final class KafkaLibrary extends URLClassLoader {
  private static final String OURS = "io.fairlead.record.export.kafka.";
  private static final String CLIENT = "org.apache.kafka.clients.producer.KafkaProducer";
  private static @Nullable KafkaLibrary opened;

  static {
    registerAsParallelCapable();
  }

  private KafkaLibrary(URL[] files) {
    super("kafka", files, KafkaLibrary.class.getClassLoader());
  }

  /** What sends to these brokers. */
  static RowSender sender(ExportConfig.Kafka config) throws IOException {
    KafkaLibrary library = open();
    try {
      Class<?> _ = library.loadClass(CLIENT);
    } catch (ClassNotFoundException e) {
      throw new IOException(
          "Kafka's client is missing: there is none in lib/kafka beside fairlead.jar; building with"
              + " ./fairlead or make puts it there",
          e);
    }
    try {
      Constructor<?> maker =
          library.loadClass(OURS + "KafkaSender").getDeclaredConstructor(ExportConfig.Kafka.class);
      maker.setAccessible(true);
      return (RowSender) maker.newInstance(config);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Once in a process: there may be several brokers, and it stays when they are left. */
  private static synchronized KafkaLibrary open() throws MalformedURLException {
    KafkaLibrary present = opened;
    if (present == null) {
      List<URL> files = new ArrayList<>();
      Path own = BesideJar.own();
      if (own != null) {
        files.add(own.toUri().toURL());
      }
      for (Path jar : BesideJar.files("kafka", "*.jar")) {
        files.add(jar.toUri().toURL());
      }
      present = new KafkaLibrary(files.toArray(URL[]::new));
      opened = present;
    }
    return present;
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    if (!name.startsWith(OURS)) {
      return super.loadClass(name, resolve);
    }
    synchronized (getClassLoadingLock(name)) {
      Class<?> known = findLoadedClass(name);
      return known == null ? findClass(name) : known;
    }
  }
}
