package io.fairlead.extension;

import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.MalformedURLException;
import java.net.URI;
import java.net.URL;
import java.net.URLConnection;
import java.net.URLStreamHandler;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarInputStream;
import java.util.jar.Manifest;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/**
 * The classes of one jar, as it was when it was read. All of it is in memory: whoever puts another
 * file in its place, or writes over it, does not disturb what runs.
 *
 * <p>Own classes come behind those of the JDK and the API, whose packages nobody can add to.
 */
final class JarClasses extends ClassLoader {
  /** Of the file. */
  static final int MOST_BYTES = 64 * 1024 * 1024;

  /** Of what is in it. */
  private static final long MOST_UNPACKED = 256L * 1024 * 1024;

  private static final int MOST_ENTRIES = 50_000;

  static {
    ClassLoader.registerAsParallelCapable();
  }

  private final Map<String, byte[]> entries;
  private final String digest;
  private final String version;

  private JarClasses(String name, Map<String, byte[]> entries, String digest, String version) {
    super(name, ApiOnly.LOADER);
    this.entries = entries;
    this.digest = digest;
    this.version = version;
  }

  /**
   * Reads a jar.
   *
   * @param name by which stack traces call it
   * @param bytes of the file
   * @param digest of these
   * @throws IOException if it is none, in words that go on a sentence
   */
  static JarClasses of(String name, byte[] bytes, String digest) throws IOException {
    Map<String, byte[]> entries = new ConcurrentHashMap<>();
    long unpacked = 0;
    String version = "";
    try (JarInputStream in = new JarInputStream(new ByteArrayInputStream(bytes), false)) {
      Manifest manifest = in.getManifest();
      if (manifest != null) {
        String said = manifest.getMainAttributes().getValue(Attributes.Name.IMPLEMENTATION_VERSION);
        version = said == null ? "" : said;
      }
      for (JarEntry entry = in.getNextJarEntry(); entry != null; entry = in.getNextJarEntry()) {
        if (entry.isDirectory()) {
          continue;
        }
        byte[] content = in.readNBytes((int) Math.min(MOST_BYTES, MOST_UNPACKED - unpacked + 1));
        unpacked += content.length;
        if (unpacked > MOST_UNPACKED || content.length == MOST_BYTES) {
          throw new IOException("has more in it than is taken");
        }
        entries.put(entry.getName(), content);
        if (entries.size() > MOST_ENTRIES) {
          throw new IOException("has more than " + MOST_ENTRIES + " entries");
        }
      }
    } catch (ZipException | EOFException | IllegalArgumentException e) {
      throw new IOException("is no whole jar: " + e.getMessage(), e);
    }
    if (entries.isEmpty()) {
      throw new IOException("is no jar, or an empty one");
    }
    return new JarClasses(name, entries, digest, version);
  }

  /** SHA-256 of the file, in hexadecimal digits. */
  String digest() {
    return digest;
  }

  /** What its manifest says of its version; empty: nothing. */
  String version() {
    return version;
  }

  @Override
  protected Class<?> findClass(String name) throws ClassNotFoundException {
    byte[] bytes = entries.get(name.replace('.', '/') + ".class");
    if (bytes == null) {
      throw new ClassNotFoundException(name);
    }
    return defineClass(name, bytes, 0, bytes.length);
  }

  @Override
  public @Nullable InputStream getResourceAsStream(String name) {
    byte[] bytes = entries.get(name);
    return bytes == null ? super.getResourceAsStream(name) : new ByteArrayInputStream(bytes);
  }

  @Override
  protected @Nullable URL findResource(String name) {
    byte[] bytes = entries.get(name);
    return bytes == null ? null : url(name, bytes);
  }

  @Override
  protected Enumeration<URL> findResources(String name) {
    URL found = findResource(name);
    return Collections.enumeration(found == null ? List.of() : List.of(found));
  }

  private static URL url(String name, byte[] bytes) {
    try {
      return URL.of(URI.create("filter-jar:/" + name.replace(" ", "%20")), new InMemory(bytes));
    } catch (MalformedURLException e) {
      throw new IllegalArgumentException(name, e);
    }
  }

  /** Reads what is in memory. */
  private static final class InMemory extends URLStreamHandler {
    private final byte[] bytes;

    InMemory(byte[] bytes) {
      this.bytes = bytes;
    }

    @Override
    protected URLConnection openConnection(URL url) {
      return new URLConnection(url) {
        @Override
        public void connect() {}

        @Override
        public InputStream getInputStream() {
          return new ByteArrayInputStream(bytes);
        }
      };
    }
  }

  /** Names of its classes, for whoever looks for one that is not there. */
  List<String> classNames() {
    return entries.keySet().stream()
        .filter(name -> name.endsWith(".class") && !name.contains("$"))
        .map(name -> name.substring(0, name.length() - ".class".length()).replace('/', '.'))
        .sorted()
        .toList();
  }
}
