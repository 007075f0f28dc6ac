package io.fairlead.telemetry;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is counted about the answers of all nodes of one service together: which route classes there
 * are, from what age on a try counts as slow before it has ended, and a sample of the clients.
 */
public final class ServiceAnswers {
  /** Routes that are counted apart at most; further ones share the last class. */
  public static final int CLASSES = 16;

  /** Clients remembered per loop. */
  public static final int SAMPLES = 64;

  /** One request in so many is remembered by its client, once the first have been. */
  private static final int SAMPLED = 8;

  private static final VarHandle AGE = MethodHandles.arrayElementVarHandle(long[].class);
  private static final VarHandle SAMPLE = MethodHandles.arrayElementVarHandle(int[].class);

  private static final VarHandle REQUESTS = requestsOfLine();

  private final int loopCount;
  private final long[] oldNanos = new long[CLASSES];
  private final Line[] lines;
  private final Map<String, Integer> classes = new LinkedHashMap<>();

  /** Tries of one loop that have not been answered, the oldest of each class first. */
  private static final class Line {
    private final @Nullable OpenTry[] waiting = new OpenTry[CLASSES];
    private final int[] clients = new int[SAMPLES];
    private int requests;
  }

  private static VarHandle requestsOfLine() {
    try {
      return MethodHandles.lookup().findVarHandle(Line.class, "requests", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  public ServiceAnswers(int loops) {
    loopCount = loops;
    Arrays.fill(oldNanos, Long.MAX_VALUE);
    lines = new Line[loops];
    for (int i = 0; i < loops; i++) {
      lines[i] = new Line();
    }
  }

  /** For a node of the service. */
  public NodeAnswers newNode() {
    return new NodeAnswers(loopCount);
  }

  /** The class of the route with that name; the same each time it is asked. */
  public int classOf(String route) {
    synchronized (classes) {
      return classes.computeIfAbsent(route, _ -> Math.min(classes.size(), CLASSES - 1));
    }
  }

  /** The class whose {@link #routesOf routes} are called that; -1: there is none. */
  public int knownClass(String routes) {
    synchronized (classes) {
      boolean others = classes.size() > CLASSES;
      Integer known = classes.get(routes);
      if (known != null && !(others && known == CLASSES - 1)) {
        return known;
      }
      return others && routes.equals("others") ? CLASSES - 1 : -1;
    }
  }

  /** How many requests there have been; only that it changes means something. */
  public int requests() {
    int sum = 0;
    for (Line line : lines) {
      sum += (int) REQUESTS.getOpaque(line);
    }
    return sum;
  }

  /** How many classes there are. */
  public int classCount() {
    synchronized (classes) {
      return Math.min(classes.size(), CLASSES);
    }
  }

  /** The routes of a class, for people. */
  public String routesOf(int routeClass) {
    synchronized (classes) {
      if (routeClass == CLASSES - 1 && classes.size() > CLASSES) {
        return "others";
      }
      return classes.entrySet().stream()
          .filter(known -> known.getValue() == routeClass)
          .map(Map.Entry::getKey)
          .findFirst()
          .orElse("" + routeClass);
    }
  }

  /** From what age on an unanswered try of the class counts as slow. */
  public void setOld(int routeClass, long nanos) {
    AGE.setOpaque(oldNanos, routeClass, nanos);
  }

  long oldNanos(int routeClass) {
    return (long) AGE.getOpaque(oldNanos, routeClass);
  }

  /**
   * Counts the tries of a loop that have become old since the last time. Called by the loop itself,
   * about once a second.
   */
  public void sweep(int loop, long now) {
    Line line = lines[loop];
    for (int i = 0; i < CLASSES; i++) {
      OpenTry head = line.waiting[i];
      if (head != null) {
        head.ageThoseBehind(now, oldNanos(i));
      }
    }
  }

  OpenTry line(int loop, int routeClass) {
    @Nullable OpenTry[] waiting = lines[loop].waiting;
    OpenTry head = waiting[routeClass];
    if (head == null) {
      head = OpenTry.head();
      waiting[routeClass] = head;
    }
    return head;
  }

  void sample(int loop, int client) {
    Line line = lines[loop];
    int count = line.requests;
    REQUESTS.setOpaque(line, count + 1);
    if (count >= 0 && count < SAMPLES) {
      SAMPLE.setOpaque(line.clients, count, client | 1);
    } else if (count % SAMPLED == 0) {
      SAMPLE.setOpaque(line.clients, (count / SAMPLED) & (SAMPLES - 1), client | 1);
    }
  }

  /**
   * How many clients there are in effect: as many as would, with equal shares, meet one another as
   * often in the sample as these do (the inverse of Simpson's index). One that sends nearly
   * everything is 1, whoever else there is. Infinite as long as few requests have been seen.
   */
  public double clients() {
    int[] seen = new int[SAMPLES * lines.length];
    int count = 0;
    for (Line line : lines) {
      for (int i = 0; i < SAMPLES; i++) {
        int client = (int) SAMPLE.getOpaque(line.clients, i);
        if (client != 0) {
          seen[count++] = client;
        }
      }
    }
    if (count < SAMPLES / 4) {
      return Double.POSITIVE_INFINITY;
    }
    Arrays.sort(seen, 0, count);
    long pairs = 0;
    for (int from = 0, to; from < count; from = to) {
      to = from + 1;
      while (to < count && seen[to] == seen[from]) {
        to++;
      }
      pairs += (long) (to - from) * (to - from - 1);
    }
    return pairs == 0 ? Double.POSITIVE_INFINITY : (double) count * (count - 1) / pairs;
  }
}
