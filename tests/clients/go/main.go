// Asks as clickhouse-go asks, and with it Grafana's data source: over HTTP, with a deadline that the client makes a
// max_execution_time of, five seconds beyond.
//
// Input: a JSON array of { sql, seconds }. Output: a JSON array of { rows } or { error }, every value as its text.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

type question struct {
	SQL     string `json:"sql"`
	Seconds int    `json:"seconds"`
}

type answer struct {
	Rows  [][]string `json:"rows,omitempty"`
	Error string     `json:"error,omitempty"`
}

func ask(connection clickhouse.Conn, of question) ([][]string, error) {
	deadline, cancel := context.WithTimeout(context.Background(), time.Duration(of.Seconds)*time.Second)
	defer cancel()
	found, err := connection.Query(deadline, of.SQL)
	if err != nil {
		return nil, err
	}
	defer func() { _ = found.Close() }()
	var rows [][]string
	for found.Next() {
		values := make([]any, 0, len(found.ColumnTypes()))
		for _, column := range found.ColumnTypes() {
			values = append(values, reflect.New(column.ScanType()).Interface())
		}
		if err := found.Scan(values...); err != nil {
			return nil, err
		}
		row := make([]string, 0, len(values))
		for _, value := range values {
			row = append(row, text(reflect.ValueOf(value).Elem()))
		}
		rows = append(rows, row)
	}
	return rows, found.Err()
}

func text(value reflect.Value) string {
	for value.Kind() == reflect.Pointer {
		if value.IsNil() {
			return "NULL"
		}
		value = value.Elem()
	}
	if moment, is := value.Interface().(time.Time); is {
		return moment.Format(time.RFC3339)
	}
	return fmt.Sprint(value.Interface())
}

func run() error {
	var questions []question
	if err := json.NewDecoder(os.Stdin).Decode(&questions); err != nil {
		return err
	}
	connection, err := clickhouse.Open(&clickhouse.Options{
		Addr:     []string{os.Getenv("CLIENT_ADDRESS")},
		Protocol: clickhouse.HTTP,
		Auth: clickhouse.Auth{
			Database: os.Getenv("CLIENT_DATABASE"),
			Username: os.Getenv("CLIENT_USER"),
			Password: os.Getenv("CLIENT_PASSWORD"),
		},
	})
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close() }()
	answers := make([]answer, 0, len(questions))
	for _, of := range questions {
		rows, err := ask(connection, of)
		if err != nil {
			answers = append(answers, answer{Error: err.Error()})
			continue
		}
		answers = append(answers, answer{Rows: rows})
	}
	return json.NewEncoder(os.Stdout).Encode(answers)
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
