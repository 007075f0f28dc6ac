package io.fairlead.config;

import java.nio.file.Path;

/**
 * A log of text that is written from records, for programs that read such logs.
 *
 * @param format what a line looks like
 * @param to where lines go
 */
public record TextLogConfig(Format format, Target to) {

  /** What a line looks like. */
  public enum Format {
    /** An object of JSON, its fields those of the records' tables. */
    JSON,
    /** Combined Log Format of Apache and NGINX; requests only. */
    COMBINED
  }

  /** Where lines go. */
  public sealed interface Target {
    /** The standard output of the process. */
    record Stdout() implements Target {
      @Override
      public String toString() {
        return "stdout";
      }
    }

    /** A file, to whose end is written. */
    record File(Path path) implements Target {
      @Override
      public String toString() {
        return "file:" + path;
      }
    }

    /**
     * Somebody who understands syslog (RFC 5424).
     *
     * @param tcp by TCP (RFC 6587, lengths in front of messages); else by UDP
     */
    record Syslog(HostPort address, boolean tcp) implements Target {
      @Override
      public String toString() {
        return (tcp ? "syslog+tcp://" : "syslog://") + address;
      }
    }

    /** Reads what {@link #toString} says. */
    static Target parse(String text, Path folder) {
      if (text.equals("stdout")) {
        return new Stdout();
      }
      if (text.startsWith("file:") && text.length() > 5 && text.indexOf('\0') < 0) {
        return new File(folder.resolve(text.substring(5)).normalize());
      }
      if (text.startsWith("syslog://")) {
        return new Syslog(HostPort.parse(text.substring(9)), false);
      }
      if (text.startsWith("syslog+tcp://")) {
        return new Syslog(HostPort.parse(text.substring(13)), true);
      }
      throw Require.refusal(
          "must be stdout, file:PATH, syslog://HOST:PORT (UDP) or syslog+tcp://HOST:PORT");
    }
  }
}
