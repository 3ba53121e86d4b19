import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.Properties;

/**
 * What tools of JDBC do, DBeaver and Metabase among them, with ClickHouse's own driver: a connection that is read-only, a
 * time-out and a most of rows on every statement, or 0 for none, and the columns with their comments.
 *
 * <p>Input: a line a statement, SECONDS, MOST ROWS, SQL, parted by tabs; SECONDS {@code columns} asks for the columns of the
 * table that stands for the SQL. Output: a line a row, its values parted by tabs, and {@code end} or {@code error} with its
 * words behind the last.
 */
public final class Queries {
    public static void main(String[] arguments) throws Exception {
        Properties properties = new Properties();
        properties.setProperty("user", System.getenv("CLIENT_USER"));
        properties.setProperty("password", System.getenv("CLIENT_PASSWORD"));
        String url = "jdbc:clickhouse:" + System.getenv("CLIENT_URL") + "/" + System.getenv("CLIENT_DATABASE");
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        try (Connection connection = DriverManager.getConnection(url, properties)) {
            connection.setReadOnly(true);
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String[] asked = line.split("\t", 3);
                try {
                    if (asked[0].equals("columns")) {
                        columns(connection, asked[2]);
                    } else {
                        query(connection, Integer.parseInt(asked[0]), Integer.parseInt(asked[1]), asked[2]);
                    }
                    System.out.println("end");
                } catch (Exception error) {
                    System.out.println("error\t" + String.valueOf(error).replaceAll("\\s+", " "));
                }
            }
        }
    }

    private static void query(Connection connection, int seconds, int most, String sql) throws Exception {
        try (Statement statement = connection.createStatement()) {
            statement.setQueryTimeout(seconds);
            statement.setMaxRows(most);
            try (ResultSet found = statement.executeQuery(sql)) {
                int count = found.getMetaData().getColumnCount();
                while (found.next()) {
                    StringBuilder row = new StringBuilder("row");
                    for (int column = 1; column <= count; column++) {
                        row.append('\t').append(found.getObject(column));
                    }
                    System.out.println(row);
                }
            }
        }
    }

    private static void columns(Connection connection, String table) throws Exception {
        try (ResultSet found =
                connection.getMetaData().getColumns(null, System.getenv("CLIENT_DATABASE"), table, "%")) {
            while (found.next()) {
                System.out.println("row\t" + found.getString("COLUMN_NAME") + "\t" + found.getString("REMARKS"));
            }
        }
    }
}
