// W1 in Flink's DataStream API: lines → parsed readings → keyed by series → one-minute event-time windows that drop
// copies → CSV. In one process (Flink's mini cluster), object reuse on, no checkpoints.
//
//     W1 FOLDER OUTPUT PARALLELISM

import java.io.BufferedWriter;
import java.io.FileOutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.Locale;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.AggregateFunction;
import org.apache.flink.api.common.functions.FlatMapFunction;
import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.connector.file.src.FileSource;
import org.apache.flink.connector.file.src.reader.TextLineInputFormat;
import org.apache.flink.core.fs.Path;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.core.JsonProcessingException;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.streaming.api.functions.windowing.ProcessWindowFunction;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.streaming.api.windowing.windows.TimeWindow;
import org.apache.flink.util.Collector;

public class W1 {
  private static final Duration LATENESS = Duration.ofSeconds(90);
  private static final Duration WINDOW = Duration.ofMinutes(1);

  public static class Reading {
    public String series;
    public long time;
    public double value;
  }

  /** A damaged line makes no reading. */
  public static class Parse implements FlatMapFunction<String, Reading> {
    private transient ObjectMapper mapper;
    private transient Reading reading;

    @Override
    public void flatMap(String line, Collector<Reading> out) {
      if (mapper == null) {
        mapper = new ObjectMapper();
        reading = new Reading();
      }
      try {
        JsonNode object = mapper.readTree(line);
        JsonNode value = object.get("value");
        JsonNode station = object.get("station");
        JsonNode indicator = object.get("indicator");
        JsonNode time = object.get("ts");
        if (value == null || !value.isNumber() || station == null || indicator == null || time == null) {
          return;
        }
        reading.time = Instant.parse(time.textValue()).toEpochMilli();
        reading.series = station.textValue() + "," + indicator.textValue();
        reading.value = value.doubleValue();
        out.collect(reading);
      } catch (JsonProcessingException | DateTimeParseException damaged) {
        // Rejected.
      }
    }
  }

  /** A window: its sums, and the times it has seen. */
  public static class Pane {
    public int count;
    public double sum;
    public double min = Double.POSITIVE_INFINITY;
    public double max = Double.NEGATIVE_INFINITY;
    public long[] seen = new long[16];

    void add(long time, double value) {
      for (int index = 0; index < count; index++) {
        if (seen[index] == time) {
          return;
        }
      }
      if (count == seen.length) {
        seen = Arrays.copyOf(seen, count * 2);
      }
      seen[count++] = time;
      sum += value;
      min = Math.min(min, value);
      max = Math.max(max, value);
    }
  }

  public static class Fold implements AggregateFunction<Reading, Pane, Pane> {
    @Override
    public Pane createAccumulator() {
      return new Pane();
    }

    @Override
    public Pane add(Reading reading, Pane pane) {
      pane.add(reading.time, reading.value);
      return pane;
    }

    @Override
    public Pane getResult(Pane pane) {
      return pane;
    }

    @Override
    public Pane merge(Pane one, Pane other) {
      throw new UnsupportedOperationException("tumbling windows are never merged");
    }
  }

  public static class Row extends ProcessWindowFunction<Pane, String, String, TimeWindow> {
    @Override
    public void process(String series, Context context, Iterable<Pane> panes, Collector<String> out) {
      Pane pane = panes.iterator().next();
      long start = context.window().getStart();
      out.collect(series + "," + start + "," + pane.count + "," + pane.sum + "," + pane.min + "," + pane.max);
    }
  }

  /** One CSV file a subtask. */
  public static class Write extends RichMapFunction<String, String> {
    private final String output;
    private transient Writer writer;

    Write(String output) {
      this.output = output;
    }

    @Override
    public String map(String row) throws Exception {
      if (writer == null) {
        String path = output + "." + getRuntimeContext().getTaskInfo().getIndexOfThisSubtask();
        OutputStreamWriter text = new OutputStreamWriter(new FileOutputStream(path), StandardCharsets.UTF_8);
        writer = new BufferedWriter(text, 1 << 20);
      }
      writer.write(row);
      writer.write('\n');
      return row;
    }

    @Override
    public void close() throws Exception {
      if (writer != null) {
        writer.close();
      }
    }
  }

  public static void main(String[] arguments) throws Exception {
    StreamExecutionEnvironment flow = StreamExecutionEnvironment.getExecutionEnvironment(new Configuration());
    flow.setParallelism(Integer.parseInt(arguments[2]));
    flow.getConfig().enableObjectReuse();
    FileSource<String> lines =
        FileSource.forRecordStreamFormat(new TextLineInputFormat(), new Path("file://" + arguments[0])).build();
    TypeInformation<Pane> pane = TypeInformation.of(Pane.class);
    flow.fromSource(lines, WatermarkStrategy.noWatermarks(), "lines")
        .flatMap(new Parse())
        .returns(Reading.class)
        .assignTimestampsAndWatermarks(
            WatermarkStrategy.<Reading>forBoundedOutOfOrderness(LATENESS)
                .withTimestampAssigner((reading, none) -> reading.time))
        .keyBy(reading -> reading.series, Types.STRING)
        .window(TumblingEventTimeWindows.of(WINDOW))
        .aggregate(new Fold(), new Row(), pane, pane, Types.STRING)
        .map(new Write(arguments[1]))
        .returns(Types.STRING)
        .sinkTo(new DiscardingSink<>());
    long began = System.nanoTime();
    flow.execute("w1");
    System.out.printf(Locale.ROOT, "{\"seconds\":%.3f}%n", (System.nanoTime() - began) / 1e9);
  }
}
