package io.fairlead;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/** Jars of filters, compiled from their sources against nothing but the classes of Fairlead. */
final class FilterJars {
  private static final Pattern CLASS =
      Pattern.compile("(?m)^(?:public )?(?:final )?(?:class|interface) (\\w+)");
  private static final Pattern PACKAGE = Pattern.compile("(?m)^package ([\\w.]+);");

  private FilterJars() {}

  /** A source in memory. */
  private static final class Source extends SimpleJavaFileObject {
    private final String text;

    Source(String name, String text) {
      super(URI.create("string:///" + name.replace('.', '/') + Kind.SOURCE.extension), Kind.SOURCE);
      this.text = text;
    }

    @Override
    public CharSequence getCharContent(boolean ignored) {
      return text;
    }
  }

  /** A class file in memory. */
  private static final class Compiled extends SimpleJavaFileObject {
    final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    Compiled(String name) {
      super(URI.create("mem:///" + name.replace('.', '/') + Kind.CLASS.extension), Kind.CLASS);
    }

    @Override
    public OutputStream openOutputStream() {
      return bytes;
    }
  }

  /** Compiles sources, of which each begins with its package, if it has one. */
  static Map<String, byte[]> compile(String... sources) {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    Map<String, Compiled> classes = new HashMap<>();
    StringWriter said = new StringWriter();
    List<JavaFileObject> units = new ArrayList<>();
    for (String source : sources) {
      Matcher named = CLASS.matcher(source);
      if (!named.find()) {
        throw new AssertionError("no class in " + source);
      }
      Matcher inside = PACKAGE.matcher(source);
      units.add(new Source((inside.find() ? inside.group(1) + "." : "") + named.group(1), source));
    }
    JavaFileManager files =
        new ForwardingJavaFileManager<JavaFileManager>(
            compiler.getStandardFileManager(null, null, null)) {
          @Override
          public JavaFileObject getJavaFileForOutput(
              Location location, String name, JavaFileObject.Kind kind, FileObject sibling) {
            Compiled made = new Compiled(name);
            classes.put(name, made);
            return made;
          }
        };
    List<String> options = List.of("-classpath", ownClasses(), "-proc:none", "-nowarn");
    if (!compiler.getTask(said, files, null, options, null, units).call()) {
      throw new AssertionError(said.toString());
    }
    Map<String, byte[]> bytes = new HashMap<>();
    classes.forEach((name, made) -> bytes.put(name, made.bytes.toByteArray()));
    return bytes;
  }

  /** What a user has: the classes of Fairlead, and none of its libraries. */
  private static String ownClasses() {
    return Path.of(
            URI.create(Main.class.getProtectionDomain().getCodeSource().getLocation().toString()))
        .toString();
  }

  /** Puts a jar there, in the place of one that is there. */
  static void write(Path jar, String version, String... sources) throws IOException {
    write(jar, version, compile(sources));
  }

  static void write(Path jar, String version, Map<String, byte[]> classes) throws IOException {
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest.getMainAttributes().put(Attributes.Name.IMPLEMENTATION_VERSION, version);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JarOutputStream out = new JarOutputStream(bytes, manifest)) {
      for (Map.Entry<String, byte[]> one : classes.entrySet()) {
        out.putNextEntry(new ZipEntry(one.getKey().replace('.', '/') + ".class"));
        out.write(one.getValue());
        out.closeEntry();
      }
    }
    Files.write(jar, bytes.toByteArray()); // over what is there, as a careless copy does
  }

  /**
   * The source of a factory {@code F} of a quick filter.
   *
   * @param body of {@code Decision filter(FilterRequest request)}
   */
  static String quick(String body) {
    return source("QuickFilter", "", body, "");
  }

  /** The same of one that may wait. */
  static String waiting(String body) {
    return source("WaitingFilter", " throws Exception", body, "");
  }

  /**
   * The same with more.
   *
   * @param more members of the filter's class; it knows its {@code settings}
   */
  static String source(String kind, String thrown, String body, String more) {
    return """
    package t;

    import io.fairlead.filter.*;

    public final class F implements FilterFactory {
      @Override
      public int apiVersion() {
        return FilterApi.VERSION;
      }

      @Override
      public RequestFilter create(FilterSettings settings) throws SettingsRefused {
        return new It(settings);
      }

      static final class It implements KIND {
        final FilterSettings settings;

        It(FilterSettings settings) {
          this.settings = settings;
        }

        @Override
        public Decision filter(FilterRequest request)THROWN {
          BODY
        }
        MORE
      }
    }
    """
        .replace("KIND", kind)
        .replace("THROWN", thrown)
        .replace("BODY", body)
        .replace("MORE", more);
  }
}
